package jwt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
)

// A user tells when its token was issued, also one that a cache remembers.
func TestIssued(t *testing.T) {
	issuer := newIssuer(t)
	auth := newStatic(t, keysOf(issuer))
	for _, tt := range []struct {
		name string
		iat  any
		want time.Time // zero: not known
	}{
		{"at noon", noon.Unix(), noon},
		{"a year ago", noon.AddDate(-1, 0, 0).Unix(), noon.AddDate(-1, 0, 0)},
		{"within a second", raw("1767268800.9"), noon},
		{"in a number of another form", raw("1.7672688e9"), noon},
		{"before 1970", raw("-1"), time.Unix(-1, 0)},
		{"not told", nil, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := issuer.Sign("ES256", good(object{"iat": tt.iat}), nil)
			cache := bearer.Cached(auth, &bearer.CacheOptions{Now: func() time.Time { return noon }})
			for _, a := range []authenticator.Token{auth, cache, cache} {
				resp, ok, err := a.AuthenticateToken(t.Context(), token)
				require.NoError(t, err)
				require.True(t, ok)
				issued, known := authn.IssuedOf(resp.User)
				require.Equal(t, !tt.want.IsZero(), known)
				require.True(t, issued.Equal(tt.want), issued)
				_, _, of := authn.CertificateOf(resp.User)
				require.False(t, of)
			}
		})
	}
}
