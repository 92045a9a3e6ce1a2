package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

// TestNobodys has tokens that fall to no entry.
func TestNobodys(t *testing.T) {
	issuer := newIssuer(t)
	for _, tt := range []struct {
		name, token, want string
	}{
		{"unknown issuer", issuer.Token(object{"iss": "https://evil.example"}), `iss | refused | UntrustedIssuer: no entry is for "https://evil.example"` + "\n"},
		{"slash", issuer.Token(object{"iss": login + "/"}), `iss | refused | UntrustedIssuer: no entry is for "https://login.example.com/"; "https://login.example.com" differs from it in case or in the slash at the end` + "\n"},
		{"case", issuer.Token(object{"iss": "https://CI.example.com"}), `iss | refused | UntrustedIssuer: no entry is for "https://CI.example.com"; "https://ci.example.com" differs from it in case or in the slash at the end` + "\n"},
		{"empty issuer", issuer.Token(object{"iss": ""}), `iss | refused | UntrustedIssuer: no entry is for ""` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := check(t, "", "-token", tt.token)
			require.Equal(t, reportOf("none of the configuration's", tt.want+"\nREFUSED: iss\n"), narrow(out))
			require.Equal(t, refused, code)
			require.Empty(t, log)
		})
	}
}

// TestUnreadable has tokens of which nobody can tell whose they are.
func TestUnreadable(t *testing.T) {
	issuer := newIssuer(t)
	long := issuer.Token(jane(object{"groups": strings.Repeat("g", jwt.MaxToken)}))
	for _, tt := range []struct {
		name, token, want string
	}{
		{"no issuer", issuer.Token(object{"iss": nil}), `ClaimMissing: claim "iss": missing`},
		{"issuer of another type", issuer.Token(object{"iss": 1}), `ClaimMissing: claim "iss": not a string`},
		{"opaque", "opaque", "Malformed: not three parts with dots between them"},
		{"two parts", "a.b", "Malformed: not three parts with dots between them"},
		{"payload not base64url", "a.b=.c", "Malformed: payload: not base64url without padding"},
		{"payload not JSON", issuer.SignRaw("RS256", []byte(`{"alg":"RS256"}`), []byte(`{"iss"`)), "Malformed: payload: offset 6: the text ends too early"},
		{"too long", long, fmt.Sprintf("Malformed: %d bytes, more than 16384", len(long))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := check(t, "", "-token", tt.token)
			require.Equal(t, reportOf("unknown", "token | refused | "+tt.want+"\n\nREFUSED: token\n"), narrow(out))
			require.Equal(t, refused, code)
			require.Empty(t, log)
		})
	}
}

// TestForm has tokens of which enough can be read to know whose they are.
func TestForm(t *testing.T) {
	issuer := newIssuer(t)
	good := issuer.Token(object{"iss": mail, "aud": "api", "email": "j@x"})
	payload := `{"iss":"https://mail.example.com","aud":"api","exp":1767358800,"iat":1767355200,"email":"j@x"}`
	for _, tt := range []struct {
		name, token, want string
	}{
		{"signature", good + "=", "signature: not base64url without padding"},
		{"header not JSON", issuer.SignRaw("RS256", []byte(`{`), []byte(payload)), "header: offset 1: the text ends too early"},
		{"alg of another type", issuer.SignRaw("RS256", []byte(`{"alg":5}`), []byte(payload)), `header: "alg": not a string`},
		{"crit", issuer.SignRaw("RS256", []byte(`{"alg":"RS256","crit":["b64"]}`), []byte(payload)), `header: "crit": not understood`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := check(t, "", "-token", tt.token)
			require.Equal(t, reportOf(inMail, "token | refused | Malformed: "+tt.want+"\ngood claims\nclaimMappings.username | ok | \"j@x\"\n\nREFUSED: token\n"), narrow(out))
			require.Equal(t, refused, code)
			require.Empty(t, log)
		})
	}
}

// TestSources has the same token, and the same claims, in every way to hand them
// in.
func TestSources(t *testing.T) {
	issuer := newIssuer(t)
	token := issuer.Token(object{"iss": mail, "aud": "api", "email": "j@x"})
	const claims = `{"iss":"https://mail.example.com","aud":"api","exp":1767358800,"iat":1767355200,"email":"j@x"}`
	const end = "good claims\nclaimMappings.username | ok | \"j@x\"\n\nACCEPTED, provided that the signature is good:\n" +
		" | name | \"j@x\"\n | uid | -\n | groups | -\n | extra | -\n"
	ofToken := reportOf(inMail, "token | ok | -\n"+end)
	ofClaims := strings.Replace(reportOf(inMail, end), dryToken, dryClaims, 1)
	for _, tt := range []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"token", []string{"-token", token}, "", ofToken},
		{"token with =", []string{"--token=" + token}, "", ofToken},
		{"token with its scheme", []string{"-token", "Bearer " + token}, "", ofToken},
		{"token from stdin", []string{"-token", "-"}, token, ofToken},
		{"token from stdin, with blanks", []string{"-token-file", "-"}, "\n  bearer  " + token + " \r\n", ofToken},
		{"token from a file", []string{"-token-file", write(t, token+"\n")}, "", ofToken},
		{"token from a file, with its scheme", []string{"-token-file", write(t, "Bearer "+token)}, "", ofToken},
		{"claims", []string{"-claims", claims}, "", ofClaims},
		{"claims from stdin", []string{"-claims-file", "-"}, claims + "\n", ofClaims},
		{"claims from stdin, short", []string{"-claims", "-"}, claims, ofClaims},
		{"claims from a file", []string{"-claims-file", write(t, "\n"+claims)}, "", ofClaims},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := check(t, tt.stdin, tt.args...)
			require.Equal(t, tt.want, narrow(out))
			require.Equal(t, accepted, code)
			require.Empty(t, log)
		})
	}
}

// TestNow has a token that is good at noon, by the clock of the machine and of
// another zone.
func TestNow(t *testing.T) {
	path := write(t, config)
	const claims = `{"iss":"https://mail.example.com","aud":"api","exp":1767358800,"email":"j@x"}`
	code, out, _ := try("", "-config", path, "-claims", claims)
	require.Equal(t, refused, code)
	require.Contains(t, out, "Expired: expired ")
	require.NotContains(t, out, "time ")

	code, out, _ = try("", "-config", path, "-claims", claims, "-now", "2026-01-02T14:00:00+02:00")
	require.Equal(t, accepted, code)
	require.Contains(t, out, "time       2026-01-02T14:00:00+02:00\n")
}

// TestLayout is a report as it is read, in colours and without.
func TestLayout(t *testing.T) {
	const claims = `{"iss":"https://ci.example.com","aud":"api","exp":1767358800,"repo":"a","teams":[],"run":1,"branch":""}`
	path := write(t, config+"anonymous: {enabled: true, conditions: [{path: /a//b}]}\n")
	s, err := parseFlags([]string{"-config", path, "-now", noon, "-claims", claims}, nil)
	require.NoError(t, err)
	r, err := dryRun(t.Context(), s, nil)
	require.NoError(t, err)
	var plainly, coloured strings.Builder
	text{&plainly, false}.print(r, s)
	text{&coloured, true}.print(r, s)
	require.Equal(t, strings.TrimPrefix(`
issuer     https://ci.example.com (jwt[1])
signature  NOT verified, nor the form of the token: there are only its claims
time       2026-01-02T12:00:00Z

STEP                                    VERDICT  VALUE OR REASON
iss                                     ok       "https://ci.example.com"
aud                                     ok       "api"
exp                                     ok       2026-01-02T13:00:00Z (1767358800)
claimMappings.username.expression       ok       "ci:a"
claimMappings.groups.expression         ok       -
claimMappings.uid.expression            ok       "1"
claimMappings.extra[0].valueExpression  ok       -
claimValidationRules[0]                 refused  RuleFailed: runs up to 3 are not trusted ("claims.run > 3" is false)
userValidationRules[0]                  skipped  there is no user to check

warning: anonymous.conditions[0] opens nothing: path "/a//b": must begin with / and be clean (no //, no . and no .. in it)

REFUSED: claimValidationRules[0]
`, "\n"), plainly.String())

	require.Contains(t, coloured.String(), "signature  "+yellow+"NOT verified"+plain+", nor")
	require.Contains(t, coloured.String(), bold+"STEP"+plain+strings.Repeat(" ", 36)+bold+"VERDICT"+plain)
	require.Contains(t, coloured.String(), "iss"+strings.Repeat(" ", 37)+green+"ok"+plain+"       \"https")
	require.Contains(t, coloured.String(), red+"refused"+plain+"  RuleFailed")
	require.Contains(t, coloured.String(), yellow+"skipped"+plain+"  there")
	require.Contains(t, coloured.String(), "\n"+red+"REFUSED:"+plain+" claim")
}

func TestIsTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	device, err := os.Open(os.DevNull) // a character device, as a terminal is
	require.NoError(t, err)
	defer device.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	require.True(t, isTerminal(device))
	require.False(t, isTerminal(file))
	require.False(t, isTerminal(&strings.Builder{}))
	t.Setenv("NO_COLOR", "1")
	require.False(t, isTerminal(device))
}
