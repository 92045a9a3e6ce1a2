package bootstrap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/bootstrap"
)

// With Options.Refuse, who has the token of a Secret is told why it is not good; who has
// not learns as little as ever.
func TestRefuse(t *testing.T) {
	const of = "bootstrap: Secret " + name + ": "
	deleted := good()
	deleted.Deleted = true
	for _, tt := range []struct {
		name   string
		secret *bootstrap.Secret
		reason authn.Reason // empty: not mine
		err    string
	}{
		{"expired", good("expiration", "2026-11-23T11:56:48Z"), authn.Expired, of + "expired 3m12s ago (expiration 2026-11-23T11:56:48Z)"},
		{"ends never", good("expiration", "never"), authn.Expired, of + "expiration is no time of RFC 3339"},
		{"ends in the year 1", good("expiration", "0001-01-01T00:00:00Z"), authn.Expired, of + "expiration is in the year 1"},
		{"no usage", good("usage-bootstrap-authentication", ""), authn.RuleFailed, of + `usage-bootstrap-authentication is not "true"`},
		{"system:masters", good("auth-extra-groups", "system:masters"), authn.RuleFailed, of + "auth-extra-groups: group 1 is not system:bootstrappers: and a to z, 0 to 9, colons and dashes"},
		{"another secret, and expired", good("token-secret", "0123456789abcdef", "expiration", "2026-11-23T11:56:48Z"), "", ""},
		{"another id, and expired", good("token-id", "abc124", "expiration", "2026-11-23T11:56:48Z"), "", ""},
		{"being deleted", deleted, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			secrets := &stub{secrets: map[string]*bootstrap.Secret{name: tt.secret}}
			resp, ok, err := bootstrap.New(secrets, &bootstrap.Options{Refuse: true, Now: now}).AuthenticateToken(t.Context(), token)
			require.False(t, ok)
			require.Nil(t, resp)
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.Equal(t, tt.reason != "", authn.IsMine(err))
			if tt.reason != "" {
				require.EqualError(t, err, tt.err)
			}
		})
	}
	u, why := ask(t, bootstrap.New(&stub{secrets: map[string]*bootstrap.Secret{name: good()}}, &bootstrap.Options{Refuse: true, Now: now}), token)
	require.NotNil(t, u, why)
}
