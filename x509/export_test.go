package x509

// MaxRemembered is how many certificates are remembered.
const MaxRemembered = maxRemembered

// Remembered returns how many certificates a remembers.
func (a *Authenticator) Remembered() int {
	n := 0
	a.memory.known.Range(func(any, any) bool { n++; return true })
	return n
}

// Counted is Remembered as a itself has counted it.
func (a *Authenticator) Counted() int { return int(a.memory.count.Load()) }

// Fill makes a believe that it remembers n certificates more.
func (a *Authenticator) Fill(n int) { a.memory.count.Add(int64(n)) }
