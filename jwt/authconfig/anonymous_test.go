package authconfig_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

const nobody = "system:anonymous"

// who says who comes in for a path with a token: a name, or the reason why not.
func who(t *testing.T, f *followed, path, token string) string {
	t.Helper()
	r := authntest.Request(path)
	if token != "" {
		r = authntest.Bearer(r, token)
	}
	r, err := authn.Middleware{Authenticator: f.Anonymous(bearer.New(f))}.Authenticate(r)
	if err != nil {
		return string(authn.ReasonOf(err))
	}
	u, _ := authn.UserFrom(r.Context())
	return u.GetName()
}

func TestAnonymous(t *testing.T) {
	i := authntest.NewIssuer(t)
	for _, tt := range []struct {
		yaml      string
		byDefault bool
		health    string // who a request for /healthz is
		root      string // and one for /
		warning   string
	}{
		{"", false, "NoCredential", "NoCredential", ""},
		{"", true, nobody, nobody, ""},
		{"anonymous: null", true, nobody, nobody, ""},
		{"anonymous: {enabled: true}", false, nobody, nobody, ""},
		{"anonymous: {enabled: false}", true, "NoCredential", "NoCredential", ""},
		{"anonymous: {}", true, "NoCredential", "NoCredential", ""},
		{"anonymous: {enabled: true, conditions: []}", false, nobody, nobody, ""},
		{"anonymous: {enabled: true, conditions: [{path: /healthz}]}", false, nobody, "NoCredential", ""},
		{"anonymous: {enabled: true, conditions: [{path: /}, {path: /livez}]}", false, "NoCredential", nobody, ""},
		{"anonymous: {enabled: true, conditions: [{path: /healthz/}]}", false, "NoCredential", "NoCredential", ""},
		{"anonymous: {enabled: true, conditions: [{path: healthz}]}", false, "NoCredential", "NoCredential", `anonymous.conditions[0] opens nothing: path "healthz": must begin with / and be clean (no //, no . and no .. in it)`},
		{"anonymous: {enabled: true, conditions: [{path: ''}, {path: /healthz}]}", false, nobody, "NoCredential", `anonymous.conditions[0] opens nothing: path "": must begin with / and be clean (no //, no . and no .. in it)`},
	} {
		t.Run(tt.yaml, func(t *testing.T) {
			f := newFollowed(t, config(entry(i, bySub))+tt.yaml+"\n", authconfig.Options{AnonymousByDefault: tt.byDefault})
			require.Equal(t, tt.health, who(t, f, "/healthz", ""))
			require.Equal(t, tt.root, who(t, f, "/", ""))
			require.Equal(t, "jane", who(t, f, "/", i.Token(claims(nil))))
			require.Equal(t, "WrongAudience", who(t, f, "/healthz", i.Token(claims(object{"aud": "b"}))), "a bad credential is never anonymous")
			var warnings []string
			if tt.warning != "" {
				warnings = []string{tt.warning}
			}
			require.Equal(t, warnings, f.Warnings())
		})
	}
}

// What is anonymous changes with the file, for a chain that was made before.
func TestAnonymousReload(t *testing.T) {
	f := newFollowed(t, head+"anonymous: {enabled: true}\n", authconfig.Options{})
	auth := f.Anonymous(bearer.New(f))
	names := func() string {
		trace := authn.Explain(auth, authntest.Request("/"))
		var all string
		for _, l := range trace.Result().Links {
			all += l.Name + " " + string(l.Verdict) + "; "
		}
		return all
	}
	require.Equal(t, "bearer not mine; anonymous accepted; ", names())
	f.write(t, head+"anonymous: {enabled: false}\n")
	require.Equal(t, "bearer not mine; ", names())
	f.write(t, head+"anonymous: {enabled: true, conditions: [{path: /x}]}\n")
	require.Equal(t, "bearer not mine; anonymous not mine; ", names())
}

func TestKeepAnonymous(t *testing.T) {
	f := newFollowed(t, head+"anonymous: {enabled: true}\n", authconfig.Options{KeepAnonymous: true})
	require.Equal(t, nobody, who(t, f, "/", ""))
	for _, changed := range []string{"", "anonymous: {enabled: false}\n", "anonymous: {enabled: true, conditions: [{path: /x}]}\n"} {
		f.write(t, head+changed)
		require.Equal(t, nobody, who(t, f, "/", ""))
		require.ErrorContains(t, f.HealthCheck(), "anonymous: must stay what it was at first (Options.KeepAnonymous)")
	}
	f.write(t, head+"anonymous: {enabled: true, conditions: []}\njwt: []\n")
	require.Equal(t, nobody, who(t, f, "/", ""))
	require.NoError(t, f.HealthCheck())
}

func TestAnonymousOfNothing(t *testing.T) {
	a := parse(t, head, nil)
	require.PanicsWithValue(t, "authconfig: Authenticator.Anonymous: the authenticator to wrap is nil", func() { a.Anonymous(nil) })
}
