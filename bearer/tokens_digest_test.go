package bearer_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// hashed is what a file has in the place of token.
func hashed(token string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(token)))
}

// The digest is that of sha256sum: FIPS 180-4's of "abc".
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

// A digest stands for its token, and whoever presents the digest has nothing.
func TestDigests(t *testing.T) {
	mixed := "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015AD"
	for _, column := range []string{"sha256:" + abc, mixed, `"sha256:` + abc + `"`} {
		tokens, err := bearer.ParseTokens(strings.NewReader(column + ",ann,7,\"ops,dev\"\nplain,bob,8\n"))
		require.NoError(t, err)
		require.Equal(t, 2, tokens.Len())
		require.Equal(t, &user.DefaultInfo{Name: "ann", UID: "7", Groups: []string{"ops", "dev"}}, holder(t, tokens, "abc"))
		require.Equal(t, &user.DefaultInfo{Name: "bob", UID: "8"}, holder(t, tokens, "plain"))
		raw, err := hex.DecodeString(abc)
		require.NoError(t, err)
		for _, other := range []string{column, mixed, "sha256:" + abc, abc, strings.ToUpper(abc), string(raw), "SHA256:" + abc, hashed("sha256:" + abc), hashed(abc), "abc\n", ""} {
			require.Nil(t, holder(t, tokens, other), other)
		}
	}
}

func TestDigestsRefused(t *testing.T) {
	const malformed = "line 2: a digest is sha256: and 64 hexadecimal digits"
	for _, tt := range []struct{ name, text, err string }{
		{"no digits", "sha256:,ann,7", malformed},
		{"the token itself", "sha256:CANARY,ann,7", malformed},
		{"one digit short", "sha256:" + abc[1:] + ",ann,7", malformed},
		{"one byte short", "sha256:" + abc[2:] + ",ann,7", malformed},
		{"one byte more", "sha256:" + abc + "00,ann,7", malformed},
		{"no digit", "sha256:" + abc[:63] + "g,ann,7", malformed},
		{"a blank", "sha256: " + abc + ",ann,7", malformed},
		{"the line of sha256sum", "sha256:" + abc + "  -,ann,7", malformed},
		{"with colons", "sha256:ba:78:16:bf,ann,7", malformed},
		{"base64", "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=,ann,7", malformed},
		{"another case", "SHA256:" + abc + ",ann,7", malformed},
		{"of nothing", hashed("") + ",ann,7", "line 2: the digest is that of no text, as of a variable that is not set"},
		{"no user", "sha256:" + abc + ",,7", "line 2: the user name is empty"},
		{"control character in the user", "sha256:" + abc + ",a\tb,7", "line 2: the user name has the control character U+0009 at byte 1"},
		{"twice", "sha256:" + abc + ",ann,7\nsha256:" + strings.ToUpper(abc) + ",bob,8", "line 3: the same token as in line 2"},
		{"beside its token", "sha256:" + abc + ",ann,7\nabc,ann,7", "line 3: the same token as in line 2"},
		{"after its token", hashed("first") + ",ann,7", "line 2: the same token as in line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tokens, err := bearer.ParseTokens(strings.NewReader("first,root,0\n" + tt.text + "\nlast,zoe,9\n"))
			require.Nil(t, tokens)
			require.EqualError(t, err, "bearer: tokens: "+tt.err)
		})
	}
}

// What a program gives are tokens, whatever they look like.
func TestNewTokensTakesNoDigest(t *testing.T) {
	tokens, err := bearer.NewTokens(map[string]user.Info{"sha256:" + abc: authntest.User("ann")})
	require.NoError(t, err)
	require.Nil(t, holder(t, tokens, "abc"))
	require.Equal(t, "ann", holder(t, tokens, "sha256:"+abc).Name)
}
