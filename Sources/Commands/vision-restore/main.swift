import CommandSupport

runCommand(Restore.self)
