package authn_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/anonymous"
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// ill is an authenticator of tokens that says what it lacks.
type ill struct {
	authenticator.Token
	err error
}

func (i ill) HealthCheck() error { return i.err }

// The health of a chain is that of all its links, however deep.
func TestHealthOf(t *testing.T) {
	token := bearer.Cached(authenticator.TokenFunc(nil), nil)
	one, two := ill{token, errors.New("one")}, ill{token, errors.New("two")}
	well := ill{token, nil}
	certificates := authntest.As(nil)
	for _, tt := range []struct {
		name string
		auth any
		want string
	}{
		{"nothing to tell", certificates, ""},
		{"nil", nil, ""},
		{"well", bearer.New(well), ""},
		{"ill", bearer.New(one), "one"},
		{"a cache", bearer.New(bearer.Cached(one, nil)), "one"},
		{"a union of tokens", union.Tokens(well, one, token, two), "one\ntwo"},
		{"a cache of a union", bearer.Cached(union.Tokens(one, two), nil), "one\ntwo"},
		{"WebSockets", bearer.NewWebSocket(two), "two"},
		{"a whole chain", anonymous.New(union.Requests(certificates, bearer.New(bearer.Cached(union.Tokens(one), nil)), bearer.NewWebSocket(two)), "/"), "one\ntwo"},
		{"a whole chain that is well", anonymous.New(union.Requests(certificates, bearer.New(well)), "/"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := authn.HealthOf(tt.auth); tt.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.want)
			}
		})
	}
}
