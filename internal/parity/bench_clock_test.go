package parity

import (
	"flag"
	"syscall"
	"time"
)

var busy = flag.Bool("busy", false, "have TestRatios count the time of the processors, that of the garbage collector included, and not that of the clock: for a machine that others use too")

// timer returns what tells how much time has passed.
func timer() func() time.Duration {
	if *busy {
		start := processorTime()
		return func() time.Duration { return processorTime() - start }
	}
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// processorTime is how long this process has kept processors busy, on all threads.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // no machine is without it
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
