package x509

import (
	"crypto/x509"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// maxRemembered is how many certificates are remembered. Those of more connections
// are verified on every request.
const maxRemembered = 100_000

// memory is what is known of the certificates that connections have open.
//
// It knows them by their address: crypto/tls parses a certificate anew for each
// connection, and once for all those that resume a session with it. Whoever has it
// there has proved to have its key.
// Nothing here keeps a client's certificate alive, and what is known of it goes with
// it.
type memory struct {
	current atomic.Pointer[epoch]
	known   sync.Map // of *verified, by the weak.Pointer of the certificate
	count   atomic.Int64
	issuer  atomic.Pointer[issuerName] // of the last certificate
}

// epoch is a time in which the roots are the same. Its number stands for them where
// the roots themselves would be kept alive for too long.
type epoch struct {
	roots  *x509.CertPool
	number uint64
}

// verified is a certificate that leads to a root. The client sends the certificates
// in between, which crypto/x509 only believes by their signatures. Still it holds for
// those alone that were sent with it: that a client sends too few must not show by
// chance, when no other with its certificate has resumed a session.
type verified struct {
	epoch       uint64
	sent        []weak.Pointer[x509.Certificate]
	from, until time.Time             // when all chains are valid
	above       [][]*x509.Certificate // the chains, without the certificate, which they would keep alive
	answer      atomic.Pointer[answer]
}

func newVerified(epoch uint64, sent []*x509.Certificate, chains [][]*x509.Certificate) *verified {
	v := &verified{epoch: epoch}
	for _, c := range sent {
		v.sent = append(v.sent, weak.Make(c))
	}
	for i, chain := range chains {
		from, until := validity(chain)
		if i == 0 || from.After(v.from) {
			v.from = from
		}
		if i == 0 || until.Before(v.until) {
			v.until = until
		}
		v.above = append(v.above, slices.Clone(chain[1:]))
	}
	return v
}

// holds reports whether a verification would come out the same.
func (v *verified) holds(epoch uint64, sent []*x509.Certificate, now time.Time) bool {
	return v.epoch == epoch && !now.Before(v.from) && !now.After(v.until) &&
		slices.EqualFunc(v.sent, sent, func(w weak.Pointer[x509.Certificate], c *x509.Certificate) bool { return w.Value() == c })
}

// validity returns the first and the last time at which all of chain are valid.
func validity(chain []*x509.Certificate) (from, until time.Time) {
	from, until = chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	return from, until
}

// epochOf returns the number of the epoch of roots. A new one begins if they are
// others than when it was last called.
func (m *memory) epochOf(roots *x509.CertPool) uint64 {
	for {
		now := m.current.Load()
		if now != nil && now.roots == roots {
			return now.number
		}
		next := &epoch{roots: roots}
		if now != nil {
			next.number = now.number + 1
		}
		if m.current.CompareAndSwap(now, next) {
			return next.number
		}
	}
}

// find returns what is known of leaf, and nil if nothing is.
func (m *memory) find(leaf *x509.Certificate) *verified {
	if v, ok := m.known.Load(weak.Make(leaf)); ok {
		return v.(*verified)
	}
	return nil
}

// keep remembers v of leaf until leaf is no more.
func (m *memory) keep(leaf *x509.Certificate, v *verified) {
	key := weak.Make(leaf)
	if m.count.Load() >= maxRemembered {
		if _, known := m.known.Load(key); !known {
			return
		}
	}
	if _, known := m.known.Swap(key, v); known {
		return
	}
	m.count.Add(1)
	runtime.AddCleanup(leaf, forget, forgotten{weak.Make(m), key})
}

// forgotten is a certificate that is no more. It may outlive the memory.
type forgotten struct {
	of  weak.Pointer[memory]
	key weak.Pointer[x509.Certificate]
}

func forget(f forgotten) {
	m := f.of.Value()
	if m == nil {
		return
	}
	if _, known := m.known.LoadAndDelete(f.key); known {
		m.count.Add(-1)
	}
}
