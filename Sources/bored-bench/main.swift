let wanted = CommandLine.arguments.dropFirst()
if wanted.isEmpty || wanted.contains("kernels") { KernelBench.run() }
if wanted.isEmpty || wanted.contains("sessions") { SessionBench.run() }
if wanted.isEmpty || wanted.contains("serving") { try ServingBench.run() }
