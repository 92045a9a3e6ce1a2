package x509_test

import (
	"context"
	stdx509 "crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
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

// Revocation is asked about each chain, before anybody is named by it.
func TestRevocationOfEachChain(t *testing.T) {
	leaf, old, young, cross := crossSigned(t)
	revoked, unknown := authn.Errorf(authn.Revoked, "taken back"), authn.Errorf(authn.Unavailable, "no list")
	said := of("CN=ann", "CN=young")
	tests := []struct {
		name    string
		answers map[string]error // by the root's name
		user    string
		reason  authn.Reason
		errs    []string // in either order
	}{
		{"neither", nil, "old|young", "", nil},
		{"old", map[string]error{"old": revoked}, "young", "", nil},
		{"young", map[string]error{"young": revoked}, "old", "", nil},
		{"old unknown", map[string]error{"old": unknown}, "young", "", nil},
		{"both", map[string]error{"old": revoked, "young": revoked}, "", authn.Revoked, []string{"taken back"}},
		{"both unknown", map[string]error{"old": unknown, "young": unknown}, "", authn.Unavailable, []string{"no list"}},
		{"old, young unknown", map[string]error{"old": revoked, "young": unknown}, "", authn.Unavailable, []string{"taken back; no list", "no list; taken back"}},
		{"without a reason", map[string]error{"old": errors.New("no"), "young": errors.New("no")}, "", authn.Refused, []string{"no"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l list
			check := func(chain []*stdx509.Certificate) error {
				require.True(t, chain[0].Equal(leaf))
				require.Len(t, chain, map[string]int{"old": 3, "young": 2}[root(chain)])
				return tt.answers[root(chain)]
			}
			l.check.Store(&check)
			a := x509.New(pool(old.cert, young.cert))
			a.Revocation = &l
			a.User = func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
				return &authenticator.Response{User: authntest.User(root(chain))}, true, nil
			}
			resp, ok, err := a.AuthenticateRequest(authntest.Request("", sent(leaf, cross.cert)))
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.Equal(t, tt.errs == nil, ok)
			if tt.errs != nil {
				require.Contains(t, tt.errs, strings.TrimPrefix(err.Error(), said))
				return
			}
			require.Contains(t, strings.Split(tt.user, "|"), resp.User.GetName())
		})
	}
}

// root is the name of the authority that a chain ends with.
func root(chain []*stdx509.Certificate) string { return chain[len(chain)-1].Subject.CommonName }

// A Revocation or a User that keeps or changes the chain it is given harms nobody.
func TestChainIsTheirs(t *testing.T) {
	ca := authntest.NewCA(t)
	o, r := newOutside(ca.Roots()), authntest.Request("", issue(ca.Intermediate("a")))
	o.Revocation = plainList{&o.list}
	o.UserOnce = false
	harm := func(chain []*stdx509.Certificate) error {
		require.Len(t, chain, 3)
		for _, c := range chain {
			require.NotNil(t, c)
		}
		return nil
	}
	o.check.Store(&harm)
	o.User = func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
		resp, ok, err := x509.CommonName(chain)
		clear(chain)
		return resp, ok, err
	}
	for range 3 {
		o.accepts(t, r)
	}
}

// A list that is not up to date shows in the health of the authenticator, beside what
// else is wrong.
func TestHealthCheck(t *testing.T) {
	ca := authntest.NewCA(t)
	lost, old := errors.New("roots: ca.crt: cut off"), errors.New("ca.crl: out of date")
	tests := []struct {
		name string
		a    *x509.Authenticator
		err  string
	}{
		{"pool", x509.New(ca.Roots()), ""},
		{"list without a word", &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, Revocation: &list{}}, ""},
		{"well", &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, Health: func() error { return nil }, Revocation: sick{&list{}, nil}}, ""},
		{"zero value", &x509.Authenticator{}, "x509: roots: required"},
		{"roots", &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, errors.New("gone") }}, "x509: roots: gone"},
		{"health", &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, Health: func() error { return lost }}, "x509: roots: ca.crt: cut off"},
		{"list", &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, Revocation: sick{&list{}, old}}, "x509: ca.crl: out of date"},
		{"both", &x509.Authenticator{Roots: x509.New(ca.Roots()).Roots, Health: func() error { return lost }, Revocation: sick{&list{}, old}}, "x509: roots: ca.crt: cut off\nca.crl: out of date"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := authn.HealthOf(tt.a)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.err)
		})
	}
}

// sick is a list that says how it is.
type sick struct {
	*list
	err error
}

func (s sick) HealthCheck() error { return s.err }
