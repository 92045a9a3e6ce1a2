package bearer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// traceable is a user that tells what it can be denied by.
type traceable struct {
	user.Info
	issued time.Time
}

func (t traceable) Issued() time.Time                  { return t.issued }
func (traceable) Certificate() (serial, issuer string) { return "1f", "CN=ca" }

// What is remembered can be taken back by when it was issued and by its certificate.
func TestCachedOrigin(t *testing.T) {
	issued := newClock().now()
	c := bearer.Cached(&judge{judgment: always(traceable{authntest.User("jane"), issued}, nil)}, nil)
	for range 2 {
		u := mustKnow(t, c, t.Context(), "token", "jane").User
		got, known := authn.IssuedOf(u)
		require.True(t, known)
		require.Equal(t, issued, got)
		serial, issuer, known := authn.CertificateOf(u)
		require.True(t, known)
		require.Equal(t, []string{"1f", "CN=ca"}, []string{serial, issuer})
	}
}
