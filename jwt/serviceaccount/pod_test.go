package serviceaccount_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// The pod's token goes to one host over TLS, and is not left in the caller's request.
func TestPodClient(t *testing.T) {
	s := newAPIServer(t)
	s.has("/x", http.StatusOK, "x")
	host := strings.TrimPrefix(s.URL(), "https://")
	client, err := serviceaccount.PodClient(s.folder, host)
	require.NoError(t, err)
	for url, allowed := range map[string]bool{
		s.URL() + "/x": true, "http://" + host + "/x": false, "https://other.example.com/x": false, s.URL() + "0/x": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := client.Transport.RoundTrip(r)
		require.Empty(t, r.Header)
		if !allowed {
			require.EqualError(t, err, "the pod's token is not for this host", url)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	require.Equal(t, []string{"/x Bearer first "}, s.requests)
}

// transport is a client's that a test makes up.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An API server that hangs is waited for five seconds, or until the request is over.
func TestClusterHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		c, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: "https://api.example.com", Client: hangs})
		require.NoError(t, err)
		node := serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n1"}
		start := time.Now()
		_, err = c.Object(t.Context(), node)
		require.EqualError(t, err, "GET https://api.example.com/api/v1/nodes/n1: context deadline exceeded")
		require.Equal(t, 5*time.Second, time.Since(start))
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = c.Object(ctx, node)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// known are objects that know when they change, and how they are.
type known struct {
	*kubernetes
	generation uint64
	health     error
}

func (k *known) Generation() uint64 { return k.generation }
func (k *known) HealthCheck() error { return k.health }

// Keys and objects tell together how they are, and when they change.
func TestObjectsThatTell(t *testing.T) {
	k, keys := &known{kubernetes: newKubernetes(), generation: 5}, &keySet{generation: 2}
	auth := newAuth(t, keys, k)
	require.Equal(t, uint64(7), auth.Generation())
	require.NoError(t, auth.HealthCheck())
	k.health = errors.New("objects: late")
	require.EqualError(t, auth.HealthCheck(), "serviceaccount: objects: late")
	keys.err = errDown
	require.EqualError(t, auth.HealthCheck(), "serviceaccount: connection refused\nobjects: late")
}

// The cluster's authority may be another one day: the old one is not trusted any more, also
// on the connections that there are, and a file that is broken changes nothing.
func TestPodClientFollowsTheAuthority(t *testing.T) {
	s, other := newAPIServer(t), authntest.NewCA(t)
	s.has("/api/v1/nodes/n", http.StatusOK, `{"kind":"Node","metadata":{"name":"n","uid":"u"}}`)
	now := time.Now()
	c, err := serviceaccount.NewCluster(&serviceaccount.ClusterOptions{URL: s.URL(), Folder: s.folder, Now: func() time.Time { return now }})
	require.NoError(t, err)
	ask := func() error {
		now = now.Add(10 * time.Second)
		_, err := c.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Node, Name: "n"})
		return err
	}
	require.NoError(t, ask())
	require.NoError(t, c.HealthCheck())

	s.write(t, "ca.crt", "garbage")
	require.NoError(t, ask())
	require.ErrorContains(t, c.HealthCheck(), "ca.crt: still what it held at ")

	s.write(t, "ca.crt", string(other.PEM()))
	require.ErrorContains(t, ask(), "certificate signed by unknown authority")
	require.NoError(t, c.HealthCheck())

	s.write(t, "ca.crt", string(other.PEM())+string(s.CAPEM()))
	require.NoError(t, ask())
}
