KernelBench.run()
SessionBench.run()
