package bearer_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/internal/confirm"
)

// owned is a user that a request must be confirmed to come from.
type owned struct{ user.Info }

// Confirmation wants the request to name the user.
func (o owned) Confirmation() confirm.Func {
	return func(r *http.Request, token string) error {
		if from := r.Header.Get("From"); from != token || from != o.GetName() {
			return authn.Errorf(authn.BadProof, "sent by %q", from)
		}
		return nil
	}
}

var errNoPromise = authn.Errorf(authn.Unavailable, "nobody promised")

// owners accepts tokens as the users of that name, to be confirmed: "free" and "lost"
// are not, and for "lost" that was not said.
var owners = authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	u := authntest.User(token)
	switch token {
	case "pass":
		return nil, false, nil
	case "refuse":
		return nil, false, errRefused
	case "free":
		return &authenticator.Response{User: u}, true, nil
	}
	promise := confirm.From(ctx)
	if promise == nil {
		return nil, false, errNoPromise
	}
	promise.Expect()
	if token == "lost" {
		return &authenticator.Response{User: u}, true, nil
	}
	return &authenticator.Response{User: owned{u}}, true, nil
})

func TestBound(t *testing.T) {
	const (
		lost    = "bearer: the check of the token's sender was lost on the way, by an authenticator that gives another user"
		unbound = "bearer: the scheme is DPoP, and the token is not bound to a key"
		blank   = header + "byte 1 of the token is a blank, a control character or not ASCII"
	)
	tests := []struct {
		name    string
		headers []string
		from    string
		on, off string // the error, or the user's name after a "+", or nothing
		reason  authn.Reason
	}{
		{"its owner", []string{"Bearer ann"}, "ann", "+ann", "nobody promised", ""},
		{"its owner, DPoP", []string{"DPoP ann"}, "ann", "+ann", "", ""},
		{"its owner, dpop", []string{"dpop ann"}, "ann", "+ann", "", ""},
		{"blanks around", []string{" \tDPoP ann \t"}, "ann", "+ann", "", ""},
		{"another", []string{"Bearer ann"}, "bob", `bearer: sent by "bob"`, "nobody promised", authn.BadProof},
		{"nobody", []string{"DPoP ann"}, "", `bearer: sent by ""`, "", authn.BadProof},
		{"bound to nobody", []string{"Bearer free"}, "", "+free", "+free", ""},
		{"bound to nobody, DPoP", []string{"DPoP free"}, "free", unbound, "", authn.BadProof},
		{"lost", []string{"Bearer lost"}, "lost", lost, "nobody promised", authn.Unavailable},
		{"lost, DPoP", []string{"DPoP lost"}, "lost", lost, "", authn.Unavailable},
		{"not recognized", []string{"DPoP pass"}, "", "bearer: nobody recognizes the token", "", authn.UnknownToken},
		{"refused", []string{"DPoP refuse"}, "", "late", "", authn.Expired},
		{"no token", []string{"DPoP"}, "", noToken, "", authn.Malformed},
		{"a comma", []string{"DPoP,ann"}, "ann", noToken, "", authn.Malformed},
		{"two parts", []string{"DPoP a b"}, "a", blank, "", authn.Malformed},
		{"two headers", []string{"DPoP ann", "DPoP ann"}, "ann", twoLines, "", authn.Malformed},
		{"Basic, then DPoP", []string{"Basic YTpi", "DPoP ann"}, "ann", twoLines, "", authn.Malformed},
		{"DPoP, then Bearer", []string{"DPoP ann", "Bearer ann"}, "ann", twoLines, twoLines, authn.Malformed},
		{"another scheme", []string{"DPoPs ann"}, "ann", "", "", ""},
		{"Basic", []string{"Basic YTpi"}, "", "", "", ""},
		{"no header", nil, "ann", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for on, want := range map[bool]string{true: tt.on, false: tt.off} {
				r := request(tt.headers...)
				r.Header.Set("From", tt.from)
				resp, ok, err := (&bearer.Authenticator{Token: owners, Bound: on}).AuthenticateRequest(r)
				require.Equal(t, want, outcomeOf(resp, ok, err), "Bound: %t", on)
				if on {
					require.Equal(t, tt.reason, authn.ReasonOf(err))
					require.Equal(t, tt.reason == authn.BadProof || want == lost, authn.IsMine(err), "others must not be shown it")
				}
			}
		})
	}
}

func outcomeOf(resp *authenticator.Response, ok bool, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case !ok:
		return ""
	}
	return "+" + resp.User.GetName()
}

// What is remembered is confirmed by each request, also after one that was refused.
func TestBoundCached(t *testing.T) {
	asked := 0
	counting := authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
		asked++
		return owners(ctx, token)
	})
	cached := bearer.Cached(counting, nil)
	requests := &bearer.Authenticator{Token: cached, Bound: true}
	for _, tt := range []struct{ from, want string }{
		{"bob", `bearer: sent by "bob"`},
		{"ann", "+ann"},
		{"", `bearer: sent by ""`},
		{"bob", `bearer: sent by "bob"`},
		{"ann", "+ann"},
	} {
		r := request("Bearer ann")
		r.Header.Set("From", tt.from)
		require.Equal(t, tt.want, outcomeOf(requests.AuthenticateRequest(r)))
	}
	require.Equal(t, 1, asked)
	// Who has not promised to ask is told nothing of it.
	_, ok, err := bearer.New(cached).AuthenticateRequest(request("Bearer ann"))
	require.False(t, ok)
	require.True(t, errors.Is(err, errNoPromise), err)
}

// From is for Bearer alone.
func TestFromIsNotDPoP(t *testing.T) {
	token, ok, err := bearer.From(request("DPoP ann"))
	require.NoError(t, err)
	require.False(t, ok)
	require.Empty(t, token)
}
