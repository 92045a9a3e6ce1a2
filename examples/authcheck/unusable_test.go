package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt/authconfig"
)

const entryOf = head + "jwt: [{issuer: {url: 'https://x.test', audiences: [a]}, claimMappings: {username: "

// TestUnusable has every kind of input that leaves nothing to check, and all that
// is said of it, a line each.
func TestUnusable(t *testing.T) {
	good := write(t, config)
	missing, folder := filepath.Join(t.TempDir(), "missing"), t.TempDir()
	const one = "exactly one of -token, -token-file, -claims and -claims-file is required"
	const notShown = " (it is not shown, since it may be a token)"
	of := func(text string) []string { return []string{"-config", write(t, text), "-token", "x"} }
	with := func(args ...string) []string { return append([]string{"-config", good}, args...) }
	for _, tt := range []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{"nothing", nil, "", []string{"-config: required"}},
		{"no token", with(), "", []string{one}},
		{"token and claims", with("-token", "x", "-claims", "{}"), "", []string{one}},
		{"token twice", with("-token", "x", "-token", "x"), "", []string{one}},
		{"token and file", with("-token-file", missing, "-token", "x"), "", []string{one}},
		{"argument", with("-token", "x", "y"), "", []string{"argument 5: not a flag" + notShown}},
		{"argument first", []string{"x", "-config", good}, "", []string{"argument 1: not a flag" + notShown}},
		{"unset variable", []string{"-token", "-config", good}, "", []string{"argument 3: not a flag" + notShown}},
		{"unknown flag", with("-tokens", "x"), "", []string{"argument 3: no such flag" + notShown + "; -h lists them"}},
		{"three dashes", with("---token", "x"), "", []string{"argument 3: no such flag" + notShown + "; -h lists them"}},
		{"end of flags", with("--", "x"), "", []string{"argument 3: no such flag" + notShown + "; -h lists them"}},
		{"flag without a value", with("-token"), "", []string{"-token: needs a value"}},
		{"time", with("-token", "x", "-now", "noon"), "", []string{"-now: not a time of RFC 3339, such as 2026-01-02T15:04:05Z"}},
		{"format", with("-token", "x", "-o", "yaml"), "", []string{"-o: neither text nor json"}},
		{"no boolean", with("-token", "x", "-any-type=2"), "", []string{"-any-type: neither true nor false"}},
		{"no URL", with("-token", "x", "-disallowed-issuer", "y"), "", []string{"-disallowed-issuer: not a URL with https"}},
		{"no host", with("-token", "x", "-distributed-host", "https://secret"), "", []string{"-distributed-host: not a host, with or without a port"}},
		{"no such file", []string{"-config", missing, "-token", "x"}, "", []string{"-config: cannot open the file: no such file or directory"}},
		{"a folder", with("-token-file", folder), "", []string{"-token-file: cannot read the file: is a directory"}},
		{"no file of claims", with("-claims-file", missing), "", []string{"-claims-file: cannot open the file: no such file or directory"}},
		{"empty token", with("-token", ""), "", []string{"-token: is empty"}},
		{"blank token", with("-token-file", write(t, " \n")), "", []string{"-token-file: is empty"}},
		{"scheme alone", with("-token", "-"), "Bearer \n", []string{"-token: is empty"}},
		{"empty stdin", with("-token-file", "-"), "", []string{"-token-file: is empty"}},
		{"large token", with("-token", "-"), strings.Repeat("x", maxInput+1), []string{"-token: more than 1048576 bytes"}},
		{"large claims", with("-claims-file", write(t, strings.Repeat(" ", maxInput+1))), "", []string{"-claims-file: more than 1048576 bytes"}},
		{"empty claims", with("-claims", ""), "", []string{"-claims: is empty"}},
		{"claims no object", with("-claims", "[]"), "", []string{"-claims: payload: not a JSON object"}},
		{"claims cut off", with("-claims-file", "-"), `{"iss":`, []string{"-claims-file: payload: offset 7: the text ends too early"}},
		{"claims twice", with("-claims", `{"sub":"a","sub":"b"}`), "", []string{`-claims: payload: offset 16: duplicate member "sub"`}},
		{"empty configuration", of(""), "", []string{"-config: the configuration is empty"}},
		{"large configuration", of(strings.Repeat("#", authconfig.MaxConfig+1)), "", []string{"-config: more than 4194304 bytes"}},
		{"not YAML", of(head + "jwt: ["), "", []string{"-config: yaml: line 3: did not find expected node content"}},
		{"another kind", of("apiVersion: v1\nkind: Pod\n"), "", []string{`-config: no kind "Pod" is registered for version "v1"`}},
		{"long kind", of("apiVersion: v1\nkind: " + strings.Repeat("x", 2000)), "", []string{`-config: no kind "` + strings.Repeat("x", 500) + "…"}},
		{"no kind", of("apiVersion: v1\na: b\n"), "", []string{"-config: Object 'Kind' is missing"}},
		{"unknown fields", of(entryOf + "{claim: sub, prefix: '', suffix: x}}, rules: []}]"), "", []string{
			`-config: unknown field "jwt[0].claimMappings.username.suffix"`,
			`-config: unknown field "jwt[0].rules"`,
		}},
		{"invalid fields", of(head + "jwt: [{issuer: {url: 'http://x.test', audiences: [a, b]}, claimMappings: {username: {expression: 'claim.x + 1'}}, userValidationRules: [{expression: 'user.name == 1'}]}, {issuer: {audiences: [a]}, claimMappings: {username: {claim: sub}}}]"), "", []string{
			`-config: jwt[0].issuer.url: Invalid value: "http://x.test": URL scheme must be https`,
			`-config: jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences`,
			`-config: jwt[0].claimMappings.username.expression: Invalid value: "claim.x + 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'claim' (in container '')`,
			`-config: jwt[0].userValidationRules[0].expression: Invalid value: "user.name == 1": compilation failed: ERROR: <input>:1:5: undefined field 'name'`,
			`-config: jwt[1].issuer.url: Required value`,
			`-config: jwt[1].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
		}},
		{"disallowed issuers", append(of(entryOf+"{claim: sub, prefix: ''}}}]"), "-disallowed-issuer", "https://x.test", "-disallowed-issuer", "https://y.test"), "", []string{
			`-config: jwt[0].issuer.url: Invalid value: "https://x.test": URL must not overlap with disallowed issuers: [https://x.test https://y.test]`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := try(tt.stdin, tt.args...)
			require.Equal(t, "authcheck: "+strings.Join(tt.want, "\nauthcheck: ")+"\n", log)
			require.Equal(t, unusable, code)
			require.Empty(t, out)
		})
	}
}

func TestHelp(t *testing.T) {
	code, out, log := try("", "-config", "x", "-h", "y")
	require.Equal(t, accepted, code)
	require.Empty(t, log)
	for _, flag := range []string{"config", "token", "token-file", "claims", "claims-file", "now", "any-type", "disallowed-issuer", "distributed-host", "o"} {
		require.Contains(t, out, "\n  -"+flag)
	}
}

// broken is a file that cannot be read or written.
type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("broken") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestBrokenStreams(t *testing.T) {
	args := []string{"-config", write(t, config), "-token", "-"}
	var out, log strings.Builder
	require.Equal(t, unusable, run(args, broken{}, &out, &log))
	require.Equal(t, unusable, run(args, strings.NewReader("x"), broken{}, &log))
	require.Equal(t, "authcheck: -token: broken\nauthcheck: the report cannot be written: broken\n", log.String())
	require.Empty(t, out.String())
}
