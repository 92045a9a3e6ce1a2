package authn_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
)

// deniedChain is a whole chain that remembers tokens for long, behind a deny list.
type deniedChain struct {
	*denyFile
	issuer *authntest.Issuer
	ca     *authntest.CA
	m      authn.Middleware
	cache  *bearer.Cache
}

func newDeniedChain(t *testing.T) *deniedChain {
	c := &deniedChain{denyFile: newDenyFile(t, "# nobody\n"), issuer: authntest.NewIssuer(t), ca: authntest.NewCA(t)}
	keys := jwt.StaticKeys{{ID: c.issuer.KeyID("ES256"), Public: c.issuer.PublicKey("ES256")}}
	people, err := jwt.New(jwt.Config{Issuer: c.issuer.URL(), Audiences: []string{"api"}, User: jwt.ClaimMappings{Username: jwt.Claim("sub")}.User}, &jwt.Options{Keys: keys})
	require.NoError(t, err)
	c.cache = bearer.Cached(people, &bearer.CacheOptions{TTL: 10 * time.Minute, FailureTTL: 10 * time.Minute})
	auth := union.Requests(x509.New(c.ca.Roots()), bearer.New(c.cache))
	c.m = authn.Middleware{Authenticator: authn.Revocations(auth, c)}
	return c
}

func (c *deniedChain) token(id string, issued time.Time) string {
	return c.issuer.Sign("ES256", map[string]any{"iss": c.issuer.URL(), "aud": "api", "sub": "jane", "jti": id, "iat": issued.Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
}

// A token that is remembered, a certificate and all of a user's are refused on the next
// request after the file counts, and are good again when the entry is gone.
func TestRevokedInChain(t *testing.T) {
	c := newDeniedChain(t)
	old, young := time.Now().Add(-30*time.Minute), time.Now().Add(-10*time.Minute)
	bearerOf := func(token string) *http.Request { return authntest.Bearer(request(), token) }
	cert := c.ca.Issue("jane", nil)
	requests := map[string]*http.Request{
		"the old token":   bearerOf(c.token("1", old)),
		"the young token": bearerOf(c.token("2", young)),
		"the certificate": authntest.Request("/", cert),
		"another's":       authntest.Request("/", c.ca.Issue("joe", nil)),
	}
	between := old.Add(10 * time.Minute).Format(time.RFC3339)
	for _, tt := range []struct {
		text   string
		denied []string
	}{
		{"# nobody\n", nil},
		{"credential JTI=1\n", []string{"the old token"}},
		{"# nobody, again\n", nil},
		{"user jane before " + between + "\n", []string{"the old token", "the certificate"}}, // which is valid from an hour ago
		{"user jane\n", []string{"the old token", "the young token", "the certificate"}},
		{fmt.Sprintf("credential X509SHA256=%x\n", sha256.Sum256(cert.Certificate[0])), []string{"the certificate"}},
		{fmt.Sprintf("certificate %x %q\n", cert.Leaf.SerialNumber, cert.Leaf.Issuer), []string{"the certificate"}},
		{fmt.Sprintf("certificate %x \"CN=another\"\n", cert.Leaf.SerialNumber), nil},
		{"user jane before " + cert.Leaf.NotBefore.UTC().Format(time.RFC3339) + "\n", nil},
		{"credential JTI=2 until " + between + "\n", nil},
		{"user joe\nuser jane until " + between + "\n", []string{"another's"}},
	} {
		c.write(t, tt.text)
		for name, r := range requests {
			want := authn.Reason("")
			if slices.Contains(tt.denied, name) {
				want = authn.Revoked
			}
			for range 3 {
				_, err := c.m.Authenticate(r)
				require.Equal(t, want, authn.ReasonOf(err), "%s, %s: %v", tt.text, name, err)
			}
		}
	}
}

// A cache around the list forgets what it knows when the file changes.
func TestRevokedWithinCache(t *testing.T) {
	c := newDeniedChain(t)
	outer := bearer.Cached(authn.TokenRevocations(c.cache, c), &bearer.CacheOptions{TTL: 10 * time.Minute, FailureTTL: 10 * time.Minute})
	token := c.token("1", time.Now())
	for _, tt := range []struct {
		text string
		want authn.Reason
	}{{"# a\n", ""}, {"credential JTI=1\n", authn.Revoked}, {"# b\n", ""}, {"user jane\n", authn.Revoked}} {
		c.write(t, tt.text)
		for range 3 {
			_, ok, err := outer.AuthenticateToken(t.Context(), token)
			require.Equal(t, tt.want, authn.ReasonOf(err), "%v", err)
			require.Equal(t, tt.want == "", ok)
		}
	}
}

// An error says what was revoked, and nothing of the token.
func TestRevokedIsSilent(t *testing.T) {
	c := newDeniedChain(t)
	c.write(t, "credential JTI=b6c4d1d2\n")
	token := c.token("b6c4d1d2", time.Now())
	_, err := c.m.Authenticate(authntest.Bearer(request(), token))
	require.EqualError(t, err, `authn: user "jane": revoked by line 1 of `+c.path+`: credential "JTI=b6c4d1d2"`)
	require.NotContains(t, err.Error(), token[:20])
}
