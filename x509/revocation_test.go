package x509_test

import (
	"context"
	stdx509 "crypto/x509"
	"sync/atomic"
)

// list is a Revocation whose owner says when it has changed.
type list struct {
	generation atomic.Uint64
	asked      atomic.Int64
	check      atomic.Pointer[func(chain []*stdx509.Certificate) error] // nil: none was
}

func (l *list) Generation() uint64 { return l.generation.Load() }

func (l *list) Check(_ context.Context, chain []*stdx509.Certificate) error {
	l.asked.Add(1)
	if f := l.check.Load(); f != nil {
		return (*f)(chain)
	}
	return nil
}

// answer makes it say err from now on.
func (l *list) answer(err error) {
	f := func([]*stdx509.Certificate) error { return err }
	l.check.Store(&f)
	l.generation.Add(1)
}
