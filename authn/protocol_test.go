package authn_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// The handler sees no subprotocol that carries a token, and the others as they
// came.
func TestBearerProtocolIsRemoved(t *testing.T) {
	const token, upper = "base64url.bearer.authorization.k8s.io.dG9rZW4", "BASE64URL.Bearer.authorization.K8S.io.dG9rZW4"
	tests := []struct {
		name        string
		lists, want []string
	}{
		{"last", []string{"v4.channel.k8s.io, " + token}, []string{"v4.channel.k8s.io"}},
		{"first", []string{token + ", v4.channel.k8s.io"}, []string{"v4.channel.k8s.io"}},
		{"between", []string{"b, " + token + ", a"}, []string{"b, a"}},
		{"no blanks", []string{"b," + token + ",a"}, []string{"b, a"}},
		{"tabs", []string{"b\t,\t" + token + "\t,a"}, []string{"b, a"}},
		{"two tokens", []string{token + ", b, " + token + ", a, " + token}, []string{"b, a"}},
		{"other case", []string{"a, " + upper}, []string{"a"}},
		{"no token in it", []string{"a, base64url.bearer.authorization.k8s.io."}, []string{"a"}},
		{"the name alone", []string{"a, base64url.bearer.authorization.k8s.io"}, []string{"a"}},
		{"another character after the name", []string{"a, base64url.bearer.authorization.k8s.io=dG9rZW4"}, []string{"a"}},
		{"something before the name", []string{"a, x" + token}, []string{"a"}},
		{"in quotes", []string{`a, "` + token + `"`}, []string{"a"}},
		{"two words in one", []string{"a, b " + token}, []string{"a"}},
		{"no-break space", []string{"a,\u00a0" + token}, []string{"a"}},
		{"alone", []string{token}, nil},
		{"with empty ones", []string{" , " + token + ",,"}, nil},
		{"in the second list", []string{"b, a", "c," + token}, []string{"b, a", "c"}},
		{"alone in the second list", []string{"b,a", token}, []string{"b, a"}},
		{"alone in the first list", []string{token, "b"}, []string{"b"}},
		{"beside an empty list", []string{token, "", " , "}, nil},
		{"in all lists", []string{token, upper}, nil},
		{"none", []string{"b,a", "", ", c"}, []string{"b,a", "", ", c"}},
		{"one like it", []string{"base64.channel.k8s.io,base64url.bearer"}, []string{"base64.channel.k8s.io,base64url.bearer"}},
		{"empty", []string{""}, []string{""}},
	}
	spellings := []string{"Sec-Websocket-Protocol", "Sec-WebSocket-Protocol", "sec-websocket-protocol", "SEC_WEBSOCKET_PROTOCOL", "Sec.Websocket_protocol"}
	m := authn.Middleware{Authenticator: authntest.As(authntest.User("ann"))}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range spellings {
				r := request()
				r.Header = http.Header{name: tt.lists, "Keep": {"it"}}
				caller := r.Header.Clone()
				got, err := m.Authenticate(r)
				require.NoError(t, err)
				want := http.Header{"Keep": {"it"}}
				if tt.want != nil {
					want[name] = tt.want
				}
				require.Equal(t, want, got.Header)
				require.Equal(t, caller, r.Header)
			}
		})
	}
}

// Headers of other names are not looked into.
func TestBearerProtocolElsewhere(t *testing.T) {
	const token = "base64url.bearer.authorization.k8s.io.dG9rZW4"
	r := request()
	r.Header = http.Header{}
	for _, name := range []string{"Sec-Websocket-Protocols", "Sec-Websocket-Protoco", "Websocket-Protocol", "Sec-Websocket-Extensions", "Cookie"} {
		r.Header[name] = []string{"a, " + token}
	}
	got, err := authn.Middleware{Authenticator: authntest.As(authntest.User("ann"))}.Authenticate(r)
	require.NoError(t, err)
	require.Equal(t, r.Header, got.Header)
}

// Of all that a header has, the whole goes where the operator says so.
func TestProtocolsAsCredentialHeader(t *testing.T) {
	r := request("Sec-WebSocket-Protocol", "a, base64url.bearer.authorization.k8s.io.dG9rZW4", "Keep", "it")
	m := authn.Middleware{Authenticator: authntest.As(authntest.User("ann")), CredentialHeaders: []string{"Sec-WebSocket-Protocol"}}
	got, err := m.Authenticate(r)
	require.NoError(t, err)
	require.NotContains(t, got.Header, "Sec-Websocket-Protocol")
	require.Contains(t, got.Header, "Keep")
}
