package authconfig_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

func TestVersions(t *testing.T) {
	for _, version := range []string{"v1", "v1beta1", "v1alpha1"} {
		for _, text := range []string{
			"apiVersion: apiserver.config.k8s.io/" + version + "\nkind: AuthenticationConfiguration\njwt: [{issuer: {url: 'https://a', audiences: [b]}}]",
			`{"apiVersion":"apiserver.config.k8s.io/` + version + `","kind":"AuthenticationConfiguration","jwt":[{"issuer":{"url":"https://a","audiences":["b"]}}]}`,
		} {
			c, err := authconfig.Decode([]byte(text))
			require.NoError(t, err)
			require.Equal(t, "https://a", c.JWT[0].Issuer.URL)
		}
	}
}

// bomb nests aliases: 9^8 strings out of a few hundred bytes.
func bomb() string {
	text := head + "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for c := 'b'; c <= 'i'; c++ {
		text += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9))
	}
	return text
}

func TestDecodeRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":          {"", "authconfig: the configuration is empty"},
		"too long":         {head + strings.Repeat("# x\n", authconfig.MaxConfig/4), "authconfig: the configuration has 4194377 bytes, more than 4194304"},
		"bomb":             {bomb(), "authconfig: yaml: more than 4194304 bytes once its aliases are written out"},
		"few long aliases": {head + "a: &a " + strings.Repeat("x", 100_000) + "\nb: [" + strings.Repeat("*a, ", 3000) + "]\n", "authconfig: yaml: more than 4194304 bytes once its aliases are written out"},
		"alias of itself":  {head + "a: &a [*a, " + strings.Repeat("x", 5<<19) + "]\n", "authconfig: yaml: more than 4194304 bytes once its aliases are written out"},
		"no kind":          {"jwt: []", "authconfig: Object 'Kind' is missing in 'jwt: []'"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := authconfig.Decode([]byte(tt.text))
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			require.Contains(t, err.Error(), tt.want)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
		})
	}
}

// Aliases that are no bomb are fine, and so are stars in a long file.
func TestAliases(t *testing.T) {
	i := authntest.NewIssuer(t)
	text := head + "jwt:\n- &one\n  issuer: {url: 'https://a', audiences: &audiences [api]}\n  claimMappings: &m {username: {claim: sub, prefix: ''}}\n- issuer: {url: 'https://b', audiences: *audiences}\n  claimMappings: *m\n"
	require.Equal(t, []string{"https://a", "https://b"}, parse(t, text, nil).Issuers())
	text = config(entry(i, bySub)) + strings.Repeat("# ******************************\n", 1000)
	require.Equal(t, []string{i.URL()}, parse(t, text, nil).Issuers())
}

// All that is wrong is told at once, with its place.
func TestInvalid(t *testing.T) {
	_, err := authconfig.Parse([]byte(head+`jwt:
- issuer: {url: 'http://a', audiences: []}
  claimMappings: {username: {claim: sub}}
- issuer: {url: 'https://b', audiences: [c, d]}
  claimMappings: {username: {expression: 'claims.sub +'}, extra: [{key: A, valueExpression: x}]}
`), nil)
	var invalid *authconfig.InvalidError
	require.ErrorAs(t, err, &invalid)
	var paths []string
	for _, e := range invalid.Errors {
		paths = append(paths, e.Field)
	}
	require.Equal(t, []string{
		"jwt[0].issuer.url", "jwt[0].issuer.audiences", "jwt[0].claimMappings.username.prefix",
		"jwt[1].issuer.audienceMatchPolicy", "jwt[1].claimMappings.username.expression",
		"jwt[1].claimMappings.extra[0].key", "jwt[1].claimMappings.extra[0].key", "jwt[1].claimMappings.extra[0].valueExpression",
	}, paths)
	var one *field.Error
	require.ErrorAs(t, err, &one)
	require.True(t, strings.HasPrefix(err.Error(), `authconfig: jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https; jwt[0].issuer.audiences: Required value`), err.Error())
}

// What this library is stricter in has its place too.
func TestStricter(t *testing.T) {
	i := authntest.NewIssuer(t)
	good := config(entry(i, bySub))
	cut := string(i.CAPEM()) + string(i.CAPEM()[:100])
	for want, text := range map[string]string{
		`authconfig: jwt[0].issuer.url: Invalid value: "https://": has no host`:                                         strings.Replace(good, "url: "+i.URL(), "url: https://", 1),
		`authconfig: jwt[0].issuer.url: Invalid value: "https://a?": URL must not contain a query`:                      strings.Replace(good, "url: "+i.URL(), "url: https://a?", 1),
		`authconfig: jwt[0].issuer.discoveryURL: Invalid value: "https:///x": has no host`:                              strings.Replace(good, "    audiences", "    discoveryURL: https:///x\n    audiences", 1),
		`authconfig: jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": roots: block 2: cut off or broken`: strings.Replace(good, quote(string(i.CAPEM())), quote(cut), 1),
	} {
		_, err := authconfig.Parse([]byte(text), nil)
		require.EqualError(t, err, want)
	}
}
