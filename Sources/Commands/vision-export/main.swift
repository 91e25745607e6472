import CommandSupport

runCommand(Export.self)
