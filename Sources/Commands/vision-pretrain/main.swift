import CommandSupport

runCommand(Pretrain.self)
