package authn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// unlike has methods that only look like it.
type unlike struct{ user.Info }

func (unlike) Issued() int64       { return 1 }
func (unlike) Certificate() string { return "1f" }

func TestOrigin(t *testing.T) {
	then := at("2026-11-24T12:00:00.000000007Z")
	whole := certified(issued(identity("jane"), "2026-11-24T12:00:00.000000007Z"), "1f", "CN=ca")
	tests := []struct {
		name           string
		user           user.Info
		issued         time.Time
		serial, issuer string
		known          bool // the certificate
	}{
		{"nil", nil, time.Time{}, "", "", false},
		{"none", authntest.User("jane"), time.Time{}, "", "", false},
		{"of other types", unlike{authntest.User("jane")}, time.Time{}, "", "", false},
		{"zero", identity("jane"), time.Time{}, "", "", false},
		{"both", whole, then, "1f", "CN=ca", true},
		{"a serial number alone", certified(identity("jane"), "1f", ""), time.Time{}, "1f", "", false},
		{"read-only", authn.ReadOnly(whole), then, "1f", "CN=ca", true},
		{"read-only, twice", authn.ReadOnly(authn.ReadOnly(whole)), then, "1f", "CN=ca", true},
		{"read-only, none", authn.ReadOnly(authntest.User("jane")), time.Time{}, "", "", false},
		{"a handler's", userOf(t, authn.Middleware{Authenticator: authntest.As(whole)}), then, "1f", "CN=ca", true},
		{"a handler's, remembered", userOf(t, authn.Middleware{Authenticator: authntest.As(authn.ReadOnly(whole))}), then, "1f", "CN=ca", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, known := authn.IssuedOf(tt.user)
			require.Equal(t, tt.issued, at)
			require.Equal(t, !tt.issued.IsZero(), known)
			serial, issuer, ok := authn.CertificateOf(tt.user)
			require.Equal(t, []any{tt.serial, tt.issuer, tt.known}, []any{serial, issuer, ok})
		})
	}
}
