package parity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// legacyRow is a set of --oidc-* flags beside the file that means the same to
// kube-apiserver (pkg/kubeapiserver/options, which cannot be imported).
type legacyRow struct {
	name       string
	flags      authconfig.Flags
	err        string   // there is no such file
	file       string   // else
	algorithms []string // nil: RS256
	refused    []string // fields that are wrong
	unusable   string   // why no authenticator can be made of it
	documented string   // in docs/differences.md, if ours can be made of it all the same
}

// TestLegacyFlags wants authconfig.Flags to mean what kube-apiserver's flags do, and
// what they mean to pass its validation and ours, or neither.
func TestLegacyFlags(t *testing.T) {
	for _, row := range legacyRows(t) {
		t.Run(row.name, func(t *testing.T) {
			c, algorithms, err := row.flags.Configuration()
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
			want, _ := upstreamConfig([]byte(row.file), nil)
			require.NotNil(t, want)
			require.Equal(t, want.JWT, c.JWT)
			require.Nil(t, c.Anonymous)
			if row.algorithms == nil {
				row.algorithms = []string{"RS256"}
			}
			require.Equal(t, row.algorithms, algorithms)
			row.requireBoth(t, c, algorithms)
		})
	}
}

// requireBoth makes authenticators of a configuration, upstream's and ours.
func (row legacyRow) requireBoth(t *testing.T, c *apiserver.AuthenticationConfiguration, algorithms []string) {
	errs := validation.ValidateAuthenticationConfiguration(authenticationcel.NewDefaultCompiler(), c, nil)
	a, err := authconfig.New(c, &authconfig.Options{Algorithms: algorithms})
	if len(row.refused) > 0 {
		var wrong *authconfig.InvalidError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, errs, wrong.Errors)
		require.Equal(t, row.refused, configVerdictOf(t, wrong.Unwrap()).paths)
		return
	}
	require.Empty(t, errs)
	theirs := upstreamUse(t.Context(), c.JWT[0], configSetting{}, algorithms)
	switch {
	case row.unusable == "":
		require.NoError(t, theirs)
		require.NoError(t, err)
		require.Equal(t, []string{row.flags.IssuerURL}, a.Issuers())
	case row.documented == "":
		require.ErrorContains(t, theirs, row.unusable)
		require.Error(t, err)
	default:
		require.ErrorContains(t, theirs, row.unusable)
		require.NoError(t, err)
		text, err := os.ReadFile("../../docs/differences.md")
		require.NoError(t, err)
		require.True(t, strings.Contains(string(text), row.documented), row.documented)
	}
}

func legacyRows(t *testing.T) []legacyRow {
	const url = "https://issuer.example"
	ca := string(authntest.NewCA(t).PEM())
	caFile, emptyFile, junkFile := writeLegacy(t, ca), writeLegacy(t, ""), writeLegacy(t, "no certificate")
	base := func(change func(*authconfig.Flags)) authconfig.Flags {
		f := authconfig.Flags{IssuerURL: url, ClientID: "api"}
		change(&f)
		return f
	}
	// username are the flags about the user name, and groups those about groups.
	username := func(claim, prefix string) authconfig.Flags {
		return base(func(f *authconfig.Flags) { f.UsernameClaim, f.UsernamePrefix = claim, prefix })
	}
	groups := func(claim, prefix string) authconfig.Flags {
		return base(func(f *authconfig.Flags) { f.GroupsClaim, f.GroupsPrefix = claim, prefix })
	}
	required := func(claims map[string]string) authconfig.Flags {
		return base(func(f *authconfig.Flags) { f.RequiredClaims = claims })
	}
	file := func(path string) authconfig.Flags { return base(func(f *authconfig.Flags) { f.CAFile = path }) }
	algorithms := func(names ...string) authconfig.Flags {
		return base(func(f *authconfig.Flags) { f.SigningAlgs = names })
	}
	at := func(url string) authconfig.Flags { return base(func(f *authconfig.Flags) { f.IssuerURL = url }) }

	const sub = "username: {claim: sub, prefix: 'https://issuer.example#'}"
	plain := withMappings(sub)
	withSub := func(fields string) string { return withEntries(configEntry(goodURL+", "+goodTo, sub, fields)) }
	entryAt := func(url string) string {
		return withEntries(configEntry("url: '"+url+"', "+goodTo, "username: {claim: sub, prefix: '"+url+"#'}"))
	}
	return []legacyRow{
		{name: "none", err: "IssuerURL (--oidc-issuer-url): required"},
		{name: "no client", flags: authconfig.Flags{IssuerURL: url}, err: "ClientID (--oidc-client-id): required"},
		{name: "no issuer", flags: authconfig.Flags{ClientID: "api"}, err: "IssuerURL (--oidc-issuer-url): required"},
		{name: "neither, but a claim", flags: authconfig.Flags{UsernameClaim: "email"}, err: "IssuerURL (--oidc-issuer-url): required"},

		{name: "issuer and client", flags: at(url), file: plain},
		{name: "issuer with a slash", flags: at(url + "/"), file: entryAt(url + "/")},
		{name: "issuer with a path", flags: at(url + "/a"), file: entryAt(url + "/a")},
		{name: "issuer, http", flags: at("http://issuer.example"), file: entryAt("http://issuer.example"), refused: []string{"jwt[0].issuer.url"}},
		{name: "issuer, query", flags: at(url + "?a"), file: entryAt(url + "?a"), refused: []string{"jwt[0].issuer.url"}},
		{name: "issuer, user and fragment", flags: at("https://u@a#b"), file: entryAt("https://u@a#b"), refused: []string{"jwt[0].issuer.url", "jwt[0].issuer.url"}},
		{name: "issuer, no URL", flags: at("%zz"), file: entryAt("%zz"), refused: []string{"jwt[0].issuer.url"}},

		{name: "sub by name", flags: username("sub", ""), file: plain},
		{name: "sub with a prefix", flags: username("sub", "oidc:"), file: withMappings("username: {claim: sub, prefix: 'oidc:'}")},
		{name: "sub with no prefix", flags: username("", "-"), file: withMappings("username: {claim: sub, prefix: ''}")},
		{name: "sub with two dashes", flags: username("", "--"), file: withMappings("username: {claim: sub, prefix: '--'}")},
		{name: "sub with a blank", flags: username("", " "), file: withMappings("username: {claim: sub, prefix: ' '}")},
		{name: "name", flags: username("name", ""), file: withMappings("username: {claim: name, prefix: 'https://issuer.example#'}")},
		{name: "email", flags: username("email", ""), file: withMappings("username: {claim: email, prefix: ''}")},
		{name: "email with a prefix", flags: username("email", "oidc:"), file: withMappings("username: {claim: email, prefix: 'oidc:'}")},
		{name: "email with no prefix", flags: username("email", "-"), file: withMappings("username: {claim: email, prefix: ''}")},
		{name: "Email", flags: username("Email", ""), file: withMappings("username: {claim: Email, prefix: 'https://issuer.example#'}")},

		{name: "groups", flags: groups("groups", ""), file: withMappings(sub, "groups: {claim: groups, prefix: ''}")},
		{name: "groups with a prefix", flags: groups("groups", "oidc:"), file: withMappings(sub, "groups: {claim: groups, prefix: 'oidc:'}")},
		{name: "groups with a dash", flags: groups("groups", "-"), file: withMappings(sub, "groups: {claim: groups, prefix: '-'}")},
		{name: "a prefix without groups", flags: groups("", "oidc:"), file: plain},

		{name: "required claim", flags: required(map[string]string{"hd": "a"}), file: withSub("claimValidationRules: [{claim: hd, requiredValue: a}]")},
		{name: "required claims", flags: required(map[string]string{"hd": "a", "azp": "b", "b": "c"}), file: withSub("claimValidationRules: [{claim: azp, requiredValue: b}, {claim: b, requiredValue: c}, {claim: hd, requiredValue: a}]")},
		{name: "required claim without a value", flags: required(map[string]string{"hd": ""}), file: withSub("claimValidationRules: [{claim: hd}]")},
		{name: "required claim without a name", flags: required(map[string]string{"": "a"}), file: withSub("claimValidationRules: [{requiredValue: a}]"), refused: []string{"jwt[0].claimValidationRules[0]"}},
		{name: "required claims, none", flags: required(map[string]string{}), file: plain},

		{name: "authority", flags: file(caFile), file: strings.Replace(withAuthority(ca), goodName, sub, 1)},
		{name: "authority, empty file", flags: file(emptyFile), file: plain},
		{name: "authority, junk", flags: file(junkFile), file: strings.Replace(withAuthority("no certificate"), goodName, sub, 1), refused: []string{"jwt[0].issuer.certificateAuthority"}},
		{name: "authority, no file", flags: file(caFile + ".not"), err: "CAFile: open "},
		{name: "authority, a folder", flags: file(filepath.Dir(caFile)), err: "is a directory"},

		{name: "algorithms", flags: algorithms("ES256", "PS512"), file: plain, algorithms: []string{"ES256", "PS512"}},
		{name: "algorithm, twice", flags: algorithms("RS256", "RS256"), file: plain, algorithms: []string{"RS256", "RS256"}},
		{name: "algorithms, an empty list", flags: algorithms([]string{}...), file: plain},
		{name: "algorithm, HS256", flags: algorithms("HS256"), file: plain, algorithms: []string{"HS256"}, unusable: `unsupported signing alg: "HS256"`},
		{name: "algorithm, none", flags: algorithms("RS256", "none"), file: plain, algorithms: []string{"RS256", "none"}, unusable: `unsupported signing alg: "none"`},
		{name: "algorithm, lower case", flags: algorithms("rs256"), file: plain, algorithms: []string{"rs256"}, unusable: `unsupported signing alg: "rs256"`},
		{name: "algorithm, empty", flags: algorithms(""), file: plain, algorithms: []string{""}, unusable: `unsupported signing alg: ""`},
		{name: "algorithm, EdDSA", flags: algorithms("EdDSA"), file: plain, algorithms: []string{"EdDSA"}, unusable: `unsupported signing alg: "EdDSA"`, documented: "| EdDSA | not allowed | by name: "},
	}
}

func writeLegacy(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
