package bearer_test

import (
	"encoding/csv"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer"
)

// The package's comment as two patterns.
var (
	scheme = regexp.MustCompile("(?i)^bearer($|[^-!#$%&'*+.^_`|~0-9A-Za-z])")
	whole  = regexp.MustCompile(`^(?i:bearer) ([\x21-\x7e]+)$`)
)

func FuzzFrom(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer a", "bearer a.b.c", "Bearer", "Bearer ", "Bearer  a", "Bearer a b", "Bearer\ta", " \tBearer a \t", "Bearerish a", "Bearer,a",
		"Basic YTpi", "Bearer \xff", "Bearer\xc2\xa0a", "Bearer a\x00", "Bearer a\n", "\u212aearer a", "Bearer é", "Bearer a\x7f", "Bearer a\x7fb", "Bearer " + strings.Repeat("a", bearer.MaxToken), "Bearer " + strings.Repeat("a", bearer.MaxToken+1),
	} {
		f.Add(seed, "", false)
		f.Add(seed, "Bearer b", true)
		f.Add("Basic YTpi", seed, true)
	}
	f.Fuzz(func(t *testing.T, first, second string, two bool) {
		headers := []string{first}
		if two {
			headers = append(headers, second)
		}
		token, ok, err := bearer.From(request(headers...))

		theirs := 0
		for _, h := range headers {
			if scheme.MatchString(strings.Trim(h, " \t")) {
				theirs++
			}
		}
		match := whole.FindStringSubmatch(strings.Trim(first, " \t"))
		switch {
		case theirs == 0:
			require.NoError(t, err)
			require.False(t, ok)
		case !two && match != nil && len(match[1]) <= bearer.MaxToken:
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, match[1], token)
			return
		default:
			require.Equal(t, authn.Malformed, authn.ReasonOf(err))
			require.False(t, ok)
			require.Less(t, len(err.Error()), 200)
		}
		require.Empty(t, token)
	})
}

// tokenFile is another reading of a file: the users by their tokens, or nil if it
// is to be refused.
func tokenFile(text string) map[string]*user.DefaultInfo {
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		return nil
	}
	users, seen := map[string]*user.DefaultInfo{}, map[string]bool{}
	for _, row := range rows {
		if len(row) < 3 || len(row) > 4 || !visible.MatchString(row[0]) || !named.MatchString(row[1]) || !utf8.ValidString(row[1]) {
			return nil
		}
		u := &user.DefaultInfo{Name: row[1], UID: row[2]}
		if len(row) == 4 && row[3] != "" {
			u.Groups = strings.Split(row[3], ",")
		}
		for _, group := range u.Groups {
			if group == "" || strings.TrimSpace(group) != group {
				return nil
			}
		}
		key := row[0]
		if strings.HasPrefix(strings.ToLower(key), "sha256:") {
			if !digestOf.MatchString(key) || strings.EqualFold(key, hashed("")) {
				return nil
			}
			key = strings.ToLower(key)
		} else {
			key = hashed(key)
		}
		if seen[key] {
			return nil
		}
		seen[key] = true
		users[row[0]] = u
	}
	return users
}

// digestOf is a digest in the place of a token.
var digestOf = regexp.MustCompile(`^sha256:[0-9a-fA-F]{64}$`)

// named is a user's name: no control characters, and no blank at either end.
var named = regexp.MustCompile(`^[^\pZ\p{Cc}]([^\p{Cc}]*[^\pZ\p{Cc}])?$`)

func FuzzParseTokens(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "t,ann,7", goodFile, "t,ann,7\nt,bob,8", "t,ann,7,\"a,b\"", "t,ann,7,a,b", `"t""",ann,7`, `"t`, `t"`, "t,ann", ",,", ",,,", "t,,7", " t,ann,7",
		"t,a\x00,7", "t,\xff,7", "\ufefft,ann,7", "t,ann,7\r\n\r\n", "t,ann,\"7\n8\"\nu,bob,9", "t,ann,7,\",\"", "# t\nt,ann,7", ",ann,7", "t, ann,7", "t,ann\u2003,7",
		"t,ann,7,\"a, b\"", "t,ann,7,a\t", "t,ann,7,\"a\x00,\xff\"", "t,\u0085ann,7", "t,a b,7", "t\x7f,ann,7", "t,ann,\nt2,bob,", "t,\ufffd,7", "t,ann\u200b,7",
		hashed("t") + ",ann,7", hashed("t") + ",ann,7\nt,ann,7", "t,ann,7\n" + hashed("t") + ",bob,8", hashed("") + ",ann,7", "sha256:t,ann,7", "SHA256:" + abc + ",ann,7", "sha256:" + strings.ToUpper(abc) + ",ann,7",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := bearer.ParseTokens(strings.NewReader(text))
		want := tokenFile(text)
		if want == nil {
			require.Error(t, err)
			require.Nil(t, tokens)
			require.True(t, strings.HasPrefix(err.Error(), "bearer: tokens: "))
			return
		}
		require.NoError(t, err)
		require.Equal(t, len(want), tokens.Len())
		for token, u := range want {
			if strings.HasPrefix(token, "sha256:") {
				require.Nil(t, holder(t, tokens, token))
				continue
			}
			require.Equal(t, u, holder(t, tokens, token))
			carried, ok, err := bearer.From(request("Bearer " + token))
			if len(token) <= bearer.MaxToken {
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, token, carried)
			}
		}
	})
}
