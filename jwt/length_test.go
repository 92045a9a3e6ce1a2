package jwt_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestLength(t *testing.T) {
	issuer := newIssuer(t)
	// Blanks in the payload bring a token to any length that base64url can have.
	long := func(length int) string {
		const header = `{"alg":"ES256"}` // 20 characters, and 86 of signature
		n := length - 20 - 86 - 2
		require.NotEqual(t, 1, n%4)
		token := issuer.SignRaw("ES256", []byte(header), []byte(padded(string(payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`)), n*3/4)))
		require.Len(t, token, length)
		return token
	}
	bounded := func(max int) func(*jwt.Config, *jwt.Options) {
		return func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = max }
	}
	run(t, newStatic(t, keysOf(issuer)), []row{
		{"16,384 bytes", long(16384), isUser("jane")},
		{"16,385 bytes", long(16384) + "A", foreign("16385 bytes, more than 16384")},
		{"16,386 bytes", long(16386), foreign("16386 bytes, more than 16384")},
	})
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, keysOf(issuer), bounded(20000)), long(16386)))
	require.Equal(t, foreign("1000 bytes, more than 999"), ask(t, newStatic(t, keysOf(issuer), bounded(999)), long(1000)))
}

// What is far too long costs next to nothing, whatever it is.
func TestHostileLength(t *testing.T) {
	auth := newStatic(t, jwt.StaticKeys{})
	mux, err := jwt.NewMux(auth)
	require.NoError(t, err)
	const size = 1 << 20
	for name, token := range map[string]string{
		"dots":            strings.Repeat(".", size),
		"letters":         strings.Repeat("A", size),
		"a long header":   strings.Repeat("A", size-5) + ".e30.",
		"a long payload":  "e30." + strings.Repeat("A", size-5) + ".",
		"a long end":      "e30.e30." + strings.Repeat("A", size-8),
		"not base64 once": strings.Repeat("!", size),
	} {
		for _, a := range []authenticator.Token{auth, mux} {
			t.Run(name, func(t *testing.T) {
				require.Equal(t, foreign("1048576 bytes, more than 16384"), ask(t, a, token))
				bytes, objects := cost(func() { _, _, _ = a.AuthenticateToken(t.Context(), token) })
				require.LessOrEqual(t, bytes, uint64(64<<10))
				require.LessOrEqual(t, objects, uint64(16))
			})
		}
	}
	// Where the limit lets them through, dots are still only counted.
	large := newStatic(t, jwt.StaticKeys{}, func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = size })
	dots := strings.Repeat(".", size)
	require.Equal(t, foreign("not three parts with dots between them"), ask(t, large, dots))
	bytes, _ := cost(func() { _, _, _ = large.AuthenticateToken(t.Context(), dots) })
	require.LessOrEqual(t, bytes, uint64(64<<10))
}

// cost returns how many bytes and objects a call of f allocates, on average.
func cost(f func()) (bytes, objects uint64) {
	const runs = 100
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs, (after.Mallocs - before.Mallocs) / runs
}

// An authenticator of a mux keeps its own limit.
func TestMuxLength(t *testing.T) {
	issuer := newIssuer(t)
	small := newStatic(t, keysOf(issuer), func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = 200 })
	large := newStatic(t, keysOf(issuer), func(c *jwt.Config, o *jwt.Options) { c.Issuer = "https://other.example.com" })
	mux, err := jwt.NewMux(small, large)
	require.NoError(t, err)
	token := issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(padded(string(payload(`"sub":"jane","aud":"kubernetes","exp":1767272400`)), 150)))
	require.Equal(t, answer{reason: authn.Malformed, text: "the token has 308 bytes, more than 200"}, ask(t, mux, token))
}
