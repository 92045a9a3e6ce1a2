package bootstrap_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/bootstrap"
)

var (
	tokenForm = regexp.MustCompile(`\A([a-z0-9]{6})\.([a-z0-9]{16})\z`)
	groupForm = regexp.MustCompile(`\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z`)
)

// A token is taken for one if it has the form, and then by its two parts alone.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{token, "", ".", "abc123.", token + ".", token + "\n", "Abc123." + secret, "abc12é." + secret, "abc123." + secret[1:] + "\x00", "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts := tokenForm.FindStringSubmatch(text)
		secrets := &stub{secrets: map[string]*bootstrap.Secret{}}
		if parts != nil {
			secrets.secrets["bootstrap-token-"+parts[1]] = good("token-id", parts[1], "token-secret", parts[2])
		}
		resp, ok, err := bootstrap.New(secrets, nil).AuthenticateToken(t.Context(), text)
		require.NoError(t, err)
		require.Equal(t, parts != nil, ok)
		if ok {
			require.Equal(t, "system:bootstrap:"+parts[1], resp.User.GetName())
		}
	})
}

// No data of a Secret makes a user of other groups than those of bootstrappers, or
// one that has expired.
func FuzzSecret(f *testing.F) {
	for _, groups := range []string{"", "system:bootstrappers:a", "system:bootstrappers:b,system:bootstrappers:a", "system:masters", ",", "system:bootstrappers:a\n", "system:bootstrappers:é"} {
		f.Add(groups, "", "true")
	}
	for _, expiration := range []string{"2026-11-23T12:00:01Z", "2026-11-23T12:00:00Z", "2026-11-23t12:00:01z", "2026-11-23T12:00:01+25:00", "2026-11-23T12:00:01,5Z", "0001-01-01T00:00:00Z", "x"} {
		f.Add("", expiration, "true")
	}
	f.Add("", "", "True")
	f.Fuzz(func(t *testing.T, groups, expiration, usage string) {
		s := good("auth-extra-groups", groups, "expiration", expiration, "usage-bootstrap-authentication", usage)
		got, why := ask(t, having(s), token)
		want := []string{"system:bootstrappers"}
		ok := usage == "true"
		if groups != "" {
			for group := range strings.SplitSeq(groups, ",") {
				ok = ok && groupForm.MatchString(group)
				want = append(want, group)
			}
		}
		if expiration != "" {
			end, err := time.Parse(time.RFC3339, expiration)
			ok = ok && err == nil && end.Sub(noon) > 0
		}
		require.Equal(t, ok, got != nil, why)
		require.Equal(t, ok, why == "")
		if ok {
			slices.Sort(want)
			require.Equal(t, slices.Compact(want), got.Groups)
		}
	})
}
