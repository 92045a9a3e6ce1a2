package authn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

func TestCheckName(t *testing.T) {
	tests := []struct{ name, want string }{
		{"ann", ""},
		{"system:serviceaccount:ns:name", ""},
		{"https://login.example.com#ann@example.com", ""},
		{"Ann Example", ""},
		{" ann ", ""},
		{"Ängström 安", ""},
		{"\uFFFD", ""}, // the character itself, as a name may have it
		{strings.Repeat("a", 1<<16), ""},
		{"", "the user name is empty"},
		{"\x00", "the user name has the control character U+0000 at byte 0"},
		{"ann\x00", "the user name has the control character U+0000 at byte 3"},
		{"ann\nroot", "the user name has the control character U+000A at byte 3"},
		{"ann\r", "the user name has the control character U+000D at byte 3"},
		{"a\tb", "the user name has the control character U+0009 at byte 1"},
		{"\x1b[2Kroot", "the user name has the control character U+001B at byte 0"},
		{"ann\x7f", "the user name has the control character U+007F at byte 3"},
		{"é\u0085", "the user name has the control character U+0085 at byte 2"},
		{"\xff", "the user name is not valid UTF-8 at byte 0"},
		{"é\xc3", "the user name is not valid UTF-8 at byte 2"},
		{"\xed\xa0\x80", "the user name is not valid UTF-8 at byte 0"}, // a lone surrogate
		{"\xc0\x80", "the user name is not valid UTF-8 at byte 0"},     // an overlong NUL
	}
	for _, tt := range tests {
		t.Run(tt.name[:min(len(tt.name), 16)], func(t *testing.T) {
			err := authn.CheckName(tt.name)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
}

// Whatever an authenticator answers, chains see one of the three answers.
func TestAsk(t *testing.T) {
	var (
		ann  = &authenticator.Response{User: authntest.User("ann")}
		evil = &authenticator.Response{User: authntest.User("a\nb")}
		down = errors.New("down")
	)
	tests := []struct {
		name   string
		stub   stub
		want   *authenticator.Response
		err    string
		reason authn.Reason
	}{
		{"accepted", stub{ok: true, resp: ann}, ann, "", ""},
		{"not mine", stub{}, nil, "", ""},
		{"not mine, with a response", stub{resp: ann}, nil, "", ""},
		{"refused", stub{err: down}, nil, "down", authn.Refused},
		{"refused, with a response", stub{resp: ann, err: down}, nil, "down", authn.Refused},
		{"refused and accepted", stub{ok: true, resp: ann, err: down}, nil, "down", authn.Refused},
		{"no response", stub{ok: true}, nil, "authn: stub accepted a request without naming a user", authn.InvalidUser},
		{"no user", stub{ok: true, resp: &authenticator.Response{}}, nil, "authn: stub accepted a request without naming a user", authn.InvalidUser},
		{"empty name", accepts("", &user.DefaultInfo{}), nil, "authn: stub accepted a request: the user name is empty", authn.InvalidUser},
		{"bad name", stub{ok: true, resp: evil}, nil, "authn: stub accepted a request: the user name has the control character U+000A at byte 1", authn.InvalidUser},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.stub.name = "stub"
			check := func(resp *authenticator.Response, ok bool, err error) {
				require.Equal(t, tt.want, resp)
				require.Equal(t, tt.want != nil, ok)
				require.Equal(t, tt.reason, authn.ReasonOf(err))
				if tt.err != "" {
					require.EqualError(t, err, tt.err)
				}
			}
			check(authn.AskRequest(tt.stub, request()))
			check(authn.AskToken(t.Context(), tt.stub, "token"))

			traced, _ := authn.WithTrace(t.Context())
			check(authn.AskRequest(tt.stub, request().WithContext(traced)))
			check(authn.AskToken(traced, tt.stub, "token"))
		})
	}
}
