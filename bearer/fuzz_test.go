package bearer_test

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
		"Basic YTpi", "Bearer \xff", "Bearer\xc2\xa0a", "Bearer a\x00", "Bearer a\n", "\u212aearer a", "Bearer é", "Bearer " + strings.Repeat("a", bearer.MaxToken+1),
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

func FuzzParseTokens(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "t,ann,7", goodFile, "t,ann,7\nt,bob,8", "t,ann,7,\"a,b\"", "t,ann,7,a,b", `"t""",ann,7`, `"t`, `t"`, "t,ann", ",,", ",,,", "t,,7", " t,ann,7",
		"t,a\x00,7", "t,\xff,7", "\ufefft,ann,7", "t,ann,7\r\n\r\n", "t,ann,\"7\n8\"\nu,bob,9", "t,ann,7,\",\"", "# t\nt,ann,7",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := bearer.ParseTokens(strings.NewReader(text))
		if err != nil {
			require.Nil(t, tokens)
			require.True(t, strings.HasPrefix(err.Error(), "bearer: tokens: "))
			return
		}
		// What was taken is what another reading of the file gives.
		rows := csv.NewReader(strings.NewReader(text))
		rows.FieldsPerRecord = -1
		n := 0
		for ; ; n++ {
			row, err := rows.Read()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			u := holder(t, tokens, row[0])
			require.NotNil(t, u)
			require.Equal(t, row[1], u.Name)
			require.NoError(t, authn.CheckName(u.Name))
			require.Equal(t, row[2], u.UID)
			if len(row) > 3 {
				require.Equal(t, row[3], strings.Join(u.Groups, ","))
			}
			require.NotContains(t, u.Groups, "")

			carried, ok, err := bearer.From(request("Bearer " + row[0]))
			if len(row[0]) <= bearer.MaxToken {
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, row[0], carried)
			}
		}
		require.Equal(t, n, tokens.Len())
	})
}
