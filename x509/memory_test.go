package x509_test

import (
	stdx509 "crypto/x509"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// mustForget fails unless a lets go of all certificates but n.
func mustForget(t *testing.T, a *x509.Authenticator, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		runtime.GC()
		return a.Remembered() == n && a.Counted() == n
	}, time.Minute, time.Millisecond)
}

// show asks a about certificates, as parsed for a connection of their own each.
func show(t *testing.T, a *x509.Authenticator, certs ...*stdx509.Certificate) *http.Request {
	t.Helper()
	r := authntest.Request("")
	for _, c := range certs {
		parsed, err := stdx509.ParseCertificate(c.Raw)
		require.NoError(t, err)
		r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, parsed)
	}
	_, ok, err := a.AuthenticateRequest(r)
	require.NoError(t, err)
	require.True(t, ok)
	return r
}

// What is known of 10,000 certificates goes with their connections. All the ways to
// be remembered are among them.
func TestConnectionsLeaveNothing(t *testing.T) {
	ca := authntest.NewCA(t)
	direct, between := ca.Issue("ann", nil).Leaf, ca.Intermediate("a")
	below := between.Issue("ann", nil).Leaf
	a := watched(t, ca)
	stays := show(t, a, direct)
	for range 4_000 {
		show(t, a, direct)
		show(t, a, below, between.Certificate())
	}
	asked := x509.Authenticator{Roots: a.Roots, User: x509.CommonName}
	for range 2_000 {
		show(t, &asked, direct)
	}
	mustForget(t, a, 1)
	mustForget(t, &asked, 0)
	runtime.KeepAlive(stays)
}

// A client that sends its own certificate along, or another client's, does not keep
// any alive; nor do two that send each other's.
func TestSentAlongLeavesNothing(t *testing.T) {
	ca := authntest.NewCA(t)
	ann, bob := ca.Issue("ann", nil).Leaf, ca.Issue("bob", nil).Leaf
	a := x509.New(ca.Roots())
	one := show(t, a, ann, ann, bob, ca.Certificate())
	one.TLS.PeerCertificates[1] = one.TLS.PeerCertificates[0]
	other := show(t, a, bob)
	one.TLS.PeerCertificates[2] = other.TLS.PeerCertificates[0]
	other.TLS.PeerCertificates = append(other.TLS.PeerCertificates, one.TLS.PeerCertificates[0])
	for _, r := range []*http.Request{one, other} {
		_, ok, err := a.AuthenticateRequest(r)
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.Equal(t, 2, a.Remembered())
	runtime.KeepAlive([]*http.Request{one, other})
	one, other = nil, nil
	mustForget(t, a, 0)
}

// Roots that are other ones every time are a mistake, but not one that costs memory
// while a connection lasts.
func TestRootsThatChangeAlways(t *testing.T) {
	ca := authntest.NewCA(t)
	a := &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return ca.Roots(), nil }}
	var pools atomic.Int64
	roots := a.Roots
	a.Roots = func() (*stdx509.CertPool, error) {
		p, err := roots()
		pools.Add(1)
		runtime.AddCleanup(p, func(int) { pools.Add(-1) }, 0)
		return p, err
	}
	r := show(t, a, ca.Issue("ann", nil).Leaf)
	for range 100 {
		_, ok, err := a.AuthenticateRequest(r)
		require.NoError(t, err)
		require.True(t, ok)
	}
	mustForget(t, a, 1)
	require.Eventually(t, func() bool { runtime.GC(); return pools.Load() == 1 }, time.Minute, time.Millisecond)
	runtime.KeepAlive(a)
	runtime.KeepAlive(r)
}

// An Authenticator that is no more in use goes, however long the connections last.
func TestConnectionsKeepNoAuthenticator(t *testing.T) {
	ca := authntest.NewCA(t)
	cert := ca.Issue("ann", nil).Leaf
	a := x509.New(ca.Roots())
	r := show(t, a, cert)
	var gone atomic.Bool
	runtime.AddCleanup(a, func(int) { gone.Store(true) }, 0)
	a = nil
	require.Eventually(t, func() bool { runtime.GC(); return gone.Load() }, time.Minute, time.Millisecond)
	runtime.KeepAlive(r)
}

// Beyond a number certificates are verified every time, and those known stay so.
func TestMaxRemembered(t *testing.T) {
	ca := authntest.NewCA(t)
	ann, bob := ca.Issue("ann", nil).Leaf, ca.Issue("bob", nil).Leaf
	o := newOutside(ca.Roots())
	first := show(t, o.Authenticator, ann)
	o.Fill(x509.MaxRemembered - 1)
	second := show(t, o.Authenticator, bob)
	require.Equal(t, 1, o.Remembered())
	require.Equal(t, [2]int{2, 2}, o.asks())
	ask := func(r *http.Request) [2]int {
		_, ok, err := o.AuthenticateRequest(r)
		require.NoError(t, err)
		require.True(t, ok)
		return o.asks()
	}
	require.Equal(t, [2]int{0, 0}, ask(first))
	require.Equal(t, [2]int{1, 1}, ask(second))
	o.roots = ca.Roots()
	require.Equal(t, [2]int{1, 1}, ask(first))
	require.Equal(t, [2]int{0, 0}, ask(first))

	o.Fill(-1)
	require.Equal(t, [2]int{1, 1}, ask(second))
	require.Equal(t, [2]int{0, 0}, ask(second))
	require.Equal(t, 2, o.Remembered())
}

// Requests of many connections while authorities come and go and certificates are
// taken back: nobody is let in by what was true before.
func TestChangesUnderLoad(t *testing.T) {
	ca, other := authntest.NewCA(t), authntest.NewCA(t)
	pools := []*stdx509.CertPool{ca.Roots(), other.Roots()}
	var l list
	var current atomic.Pointer[stdx509.CertPool]
	current.Store(pools[0])
	a := &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return current.Load(), nil }, Revocation: &l}
	var requests []*http.Request
	for range 8 {
		requests = append(requests, authntest.Request("", ca.Issue("ann", nil)))
	}
	var mu sync.RWMutex // guards want
	want := authn.Reason("")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				mu.RLock()
				_, ok, err := a.AuthenticateRequest(requests[i%len(requests)])
				if authn.ReasonOf(err) != want || ok != (want == "") {
					t.Errorf("got %v, %v; want the reason %q", ok, err, want)
				}
				mu.RUnlock()
				asked.Add(1)
			}
		})
	}
	revoked := authn.Errorf(authn.Revoked, "no")
	for i := range 60 {
		mu.Lock()
		switch i % 3 {
		case 0:
			current.Store(pools[1])
			want = authn.UntrustedCertificate
		case 1:
			current.Store(pools[0])
			l.answer(revoked)
			want = authn.Revoked
		default:
			l.answer(nil)
			want = ""
		}
		until := asked.Load() + 20
		mu.Unlock()
		for asked.Load() < until {
			runtime.Gosched()
		}
	}
	close(stop)
	wg.Wait()
}

// Upstream's wrapper writes into the response that it is given.
func TestSharedWithUpstreamsWrapper(t *testing.T) {
	ca := authntest.NewCA(t)
	a := x509.New(ca.Roots())
	r := authntest.Request("", ca.Issue("ann", nil))
	api := authenticator.Audiences{"api"}
	wrapped := authn.Middleware{Authenticator: authenticator.WrapAudienceAgnosticRequest(api, a), Audiences: api}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				_, err := wrapped.Authenticate(r)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	resp, ok, err := a.AuthenticateRequest(r)
	require.NoError(t, err)
	require.True(t, ok)
	require.Nil(t, resp.Audiences)
}
