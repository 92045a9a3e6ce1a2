package union_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
)

// member has one answer and writes down when it is asked.
type member struct {
	name  string
	user  string // accepted as, if not empty
	err   error
	asked *[]string
}

func (m member) String() string { return m.name }

func (m member) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	return m.AuthenticateToken(r.Context(), r.Header.Get("Token"))
}

func (m member) AuthenticateToken(_ context.Context, token string) (*authenticator.Response, bool, error) {
	*m.asked = append(*m.asked, m.name+":"+token)
	if m.user != "" {
		return &authenticator.Response{User: authntest.User(m.user)}, true, nil
	}
	return nil, false, m.err
}

// ask asks one union of requests and one of tokens, which must agree.
func ask(t *testing.T, members []member) (*authenticator.Response, bool, []string, error) {
	t.Helper()
	var asked []string
	var requests []authenticator.Request
	var tokens []authenticator.Token
	for _, m := range members {
		m.asked = &asked
		requests, tokens = append(requests, m), append(tokens, m)
	}
	r := authntest.Request("/")
	r.Header.Set("Token", "t0ken")
	resp, ok, err := union.Requests(requests...).AuthenticateRequest(r)
	first := asked

	asked = nil
	resp2, ok2, err2 := union.Tokens(tokens...).AuthenticateToken(t.Context(), "t0ken")
	require.Equal(t, first, asked)
	require.Equal(t, resp, resp2)
	require.Equal(t, ok, ok2)
	require.Equal(t, err, err2)
	return resp, ok, asked, err
}

func TestUnion(t *testing.T) {
	var (
		ann     = member{name: "ann", user: "ann"}
		bob     = member{name: "bob", user: "bob"}
		evil    = member{name: "evil", user: "a\n"}
		pass    = member{name: "pass"}
		no      = member{name: "no", err: errors.New("no")}
		expired = member{name: "expired", err: authn.Errorf(authn.Expired, "late")}
		down    = member{name: "down", err: authn.Errorf(authn.Unavailable, "down")}
	)
	tests := []struct {
		name    string
		members []member
		user    string
		err     string
		reason  authn.Reason
		asked   []string
	}{
		{"empty", nil, "", "", "", nil},
		{"no opinion", []member{pass, pass}, "", "", "", []string{"pass:t0ken", "pass:t0ken"}},
		{"the first wins", []member{ann, bob}, "ann", "", "", []string{"ann:t0ken"}},
		{"the other order", []member{bob, ann}, "bob", "", "", []string{"bob:t0ken"}},
		{"after no opinion", []member{pass, bob, no}, "bob", "", "", []string{"pass:t0ken", "bob:t0ken"}},
		{"after a refusal", []member{no, ann}, "ann", "", "", []string{"no:t0ken", "ann:t0ken"}},
		{"after unavailable", []member{down, ann, no}, "ann", "", "", []string{"down:t0ken", "ann:t0ken"}},
		{"after a bad name", []member{evil, ann}, "ann", "", "", []string{"evil:t0ken", "ann:t0ken"}},
		{"one refusal", []member{pass, no, pass}, "", "no", authn.Refused, []string{"pass:t0ken", "no:t0ken", "pass:t0ken"}},
		{"two refusals", []member{expired, no}, "", "late; no", authn.Expired, []string{"expired:t0ken", "no:t0ken"}},
		{"unavailable counts most", []member{expired, no, down}, "", "late; no; down", authn.Unavailable, []string{"expired:t0ken", "no:t0ken", "down:t0ken"}},
		{"a bad name", []member{evil}, "", "authn: evil accepted a request: the user name has the control character U+000A at byte 1", authn.InvalidUser, []string{"evil:t0ken"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, asked, err := ask(t, tt.members)
			require.Equal(t, tt.asked, asked)
			require.Equal(t, tt.user != "", ok)
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			if ok {
				require.NoError(t, err)
				require.Equal(t, tt.user, resp.User.GetName())
				return
			}
			require.Nil(t, resp)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.err)
			var typed *union.Error
			require.ErrorAs(t, err, &typed)
			for _, m := range tt.members {
				if m.err != nil {
					require.ErrorIs(t, err, m.err)
					require.Contains(t, typed.Errors, m.err)
				}
			}
		})
	}
}

func TestNested(t *testing.T) {
	var asked []string
	no := member{name: "no", err: errors.New("no"), asked: &asked}
	late := member{name: "late", err: authn.Errorf(authn.Expired, "late"), asked: &asked}
	_, ok, err := union.Requests(union.Requests(no), union.Requests(), union.Requests(union.Requests(late), no)).AuthenticateRequest(authntest.Request("/"))
	require.False(t, ok)
	require.EqualError(t, err, "no; late; no")
	require.Equal(t, []string{"no:", "late:", "no:"}, asked)
	var typed *authn.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, authn.Expired, typed.Reason)
}

func TestNilMember(t *testing.T) {
	yes := authntest.As(authntest.User("ann"))
	token := authenticator.TokenFunc(func(context.Context, string) (*authenticator.Response, bool, error) { return nil, false, nil })
	require.PanicsWithValue(t, "union.Requests: authenticator 1 of 1 is nil", func() { union.Requests(nil) })
	require.PanicsWithValue(t, "union.Requests: authenticator 2 of 3 is nil", func() { union.Requests(yes, nil, yes) })
	require.PanicsWithValue(t, "union.Tokens: authenticator 2 of 2 is nil", func() { union.Tokens(token, nil) })
}

// The union is what it was made of, whatever becomes of the caller's slice.
func TestSliceIsCopied(t *testing.T) {
	ann := authntest.As(authntest.User("ann"))
	auths := []authenticator.Request{ann}
	u := union.Requests(auths...)
	auths[0] = authntest.As(authntest.User("root"))
	resp, _, _ := u.AuthenticateRequest(authntest.Request("/"))
	require.Equal(t, "ann", resp.User.GetName())

	var asked []string
	tokens := []authenticator.Token{member{user: "ann", asked: &asked}}
	v := union.Tokens(tokens...)
	tokens[0] = member{user: "root", asked: &asked}
	resp, _, _ = v.AuthenticateToken(t.Context(), "")
	require.Equal(t, "ann", resp.User.GetName())
}

func TestLinks(t *testing.T) {
	var asked []string
	a, b := member{name: "a", asked: &asked}, member{name: "b", asked: &asked}
	require.Equal(t, []any{a, b}, union.Requests(a, b).(authn.Chain).Links())
	require.Equal(t, []any{b, a}, union.Tokens(b, a).(authn.Chain).Links())
	require.Empty(t, union.Requests().(authn.Chain).Links())
}
