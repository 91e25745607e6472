import CommandSupport

runCommand(Finetune.self)
