KernelBench.run()
try KernelBench.compareThreads()
SessionBench.run()
