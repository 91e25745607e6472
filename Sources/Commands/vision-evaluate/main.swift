import CommandSupport

runCommand(Evaluate.self)
