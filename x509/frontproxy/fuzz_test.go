package frontproxy_test

import (
	"bufio"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// Who is accepted is who the plainest reading of the headers names, there is no
// other reading, and without the proxy's certificate there is nobody.
func FuzzHeaders(f *testing.F) {
	w := newWorld(f)
	a := w.authenticator(f, two)
	f.Add("X-Remote-User: ann\r\nX-Remote-Uid: 7\r\nX-Remote-Group: a\r\nX-Remote-Group: b\r\nX-Remote-Extra-A%2fB: x\r\n")
	f.Add("X-Forwarded-User: ann\r\nX-Forwarded-Extra-Team: x\r\nX-Remote-Extra-Team: y\r\n")
	f.Fuzz(func(t *testing.T, lines string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n\r\n")))
		if err != nil {
			return
		}
		require.Equal(t, "not mine", ask(a, r))
		r.TLS = request(w.proxy).TLS
		before := r.Header.Clone()
		resp, ok, err := a.AuthenticateRequest(r)
		require.Equal(t, before, r.Header)
		switch {
		case err != nil:
			require.Contains(t, []authn.Reason{authn.Malformed, authn.InvalidUser}, authn.ReasonOf(err))
			require.Less(t, len(err.Error()), 2048)
			require.True(t, utf8.ValidString(err.Error()))
			require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl))
		case !ok:
			require.Empty(t, r.Header.Get("X-Remote-User")+r.Header.Get("X-Forwarded-User"))
		default:
			require.Equal(t, plainly(t, r.Header), resp.User)
		}
	})
}

// plainly reads headers that can be read in one way only.
func plainly(t *testing.T, h http.Header) *user.DefaultInfo {
	t.Helper()
	u := &user.DefaultInfo{Name: one(t, h, "User"), UID: one(t, h, "Uid")}
	for _, group := range slices.Concat(h["X-Remote-Group"], h["X-Forwarded-Group"]) {
		if group != "" {
			u.Groups = append(u.Groups, group)
		}
	}
	for name, values := range h {
		require.NotContains(t, strings.ToLower(name), "x_remote_user")
		for _, prefix := range []string{"X-Remote-Extra-", "X-Forwarded-Extra-"} {
			key, ok := strings.CutPrefix(name, prefix)
			if !ok {
				continue
			}
			key, err := url.PathUnescape(strings.ToLower(key))
			require.NoError(t, err)
			if u.Extra == nil {
				u.Extra = map[string][]string{}
			}
			require.NotContains(t, u.Extra, key)
			u.Extra[key] = values
		}
	}
	return u
}

// one is the value of the two headers for what.
func one(t *testing.T, h http.Header, what string) string {
	t.Helper()
	first, second := h["X-Remote-"+what], h["X-Forwarded-"+what]
	require.LessOrEqual(t, len(first), 1)
	require.LessOrEqual(t, len(second), 1)
	values := slices.DeleteFunc(slices.Concat(first, second), func(value string) bool { return value == "" })
	values = slices.Compact(values)
	require.LessOrEqual(t, len(values), 1)
	return strings.Join(values, "")
}
