//go:build !windows

package e2e_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// provider is a running provider.mjs.
type provider struct {
	*process
	issuer  string
	ca      string // signed its certificate
	rotated int
}

// startProvider starts one; more are further flags.
func startProvider(t *testing.T, more ...string) *provider {
	t.Helper()
	ca := newAuthority(t, "dex-ca")
	server := ca.issue(t, "/CN=dex", "subjectAltName=IP:127.0.0.1")
	flags := append([]string{"provider.mjs", "--cert", server.cert, "--key", server.key}, more...)
	p := &provider{process: start(t, "node", flags...), ca: ca.cert}
	var ready struct{ Issuer string }
	require.NoError(t, json.Unmarshal([]byte(p.line(t, 0, "{")), &ready), p)
	p.issuer = ready.Issuer
	return p
}

// flags are the tour's for this provider and the ID tokens of some of its clients.
func (p *provider) flags(audiences ...string) []string {
	flags := []string{"-issuer", p.issuer, "-issuer-ca", p.ca, "-username-claim", "email", "-groups-claim", "groups"}
	for _, audience := range audiences {
		flags = append(flags, "-audience", audience)
	}
	return flags
}

// rotate replaces all keys of the provider.
func (p *provider) rotate(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(p.stdin, "rotate\n")
	require.NoError(t, err, p)
	p.rotated++
	p.line(t, p.rotated, "{")
}

// kids returns the ids of the keys that the provider publishes.
func (p *provider) kids(t *testing.T) []string {
	t.Helper()
	resp, err := httpsClient(t, p.ca).Get(p.issuer + "/jwks")
	require.NoError(t, err, p)
	defer resp.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&set), p)
	require.Len(t, set.Keys, 3, p) // one for each algorithm
	var kids []string
	for _, key := range set.Keys {
		kids = append(kids, key.Kid)
	}
	return kids
}

// redirectURI is where the provider sends the browser with a code. No one listens there.
const redirectURI = "http://127.0.0.1:8000/"

// login gets an ID token as a program on a user's machine does: by the
// authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636).
func (p *provider) login(t *testing.T, clientID, login string) string {
	t.Helper()
	return p.tokens(t, clientID, login).IDToken
}

// tokens are what a client gets for somebody who has logged in.
type tokens struct {
	IDToken      string `json:"id_token"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"` // with the scope offline_access
}

func (p *provider) tokens(t *testing.T, clientID, login string, scopes ...string) tokens {
	t.Helper()
	browser, verifier, nonce := p.browser(t), rand.Text()+rand.Text(), rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	code := p.authorize(t, browser, login, url.Values{
		"response_type":         {"code"},
		"client_id":             {clientID},
		"redirect_uri":          {redirectURI},
		"scope":                 {strings.Join(append([]string{"openid email groups"}, scopes...), " ")},
		"prompt":                {"consent"},
		"state":                 {rand.Text()},
		"nonce":                 {nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	})
	resp, err := browser.PostForm(p.issuer+"/token", url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"client_id":     {clientID},
		"redirect_uri":  {redirectURI},
		"code_verifier": {verifier},
	})
	require.NoError(t, err, p)
	body := read(t, resp)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s\n%s", body, p)
	var got tokens
	require.NoError(t, json.Unmarshal([]byte(body), &got), p)
	p.requireClaims(t, got.IDToken, clientID, nonce)
	return got
}

// authorize signs in and consents on the provider's own pages, and returns the code.
func (p *provider) authorize(t *testing.T, browser *http.Client, login string, query url.Values) string {
	t.Helper()
	resp, err := browser.Get(p.issuer + "/auth?" + query.Encode())
	for range 3 { // sign-in, consent, done
		require.NoError(t, err, p)
		body := read(t, resp)
		if resp.StatusCode/100 == 3 { // the browser stopped at redirectURI
			back, err := resp.Location()
			require.NoError(t, err)
			require.Equal(t, query.Get("state"), back.Query().Get("state"), back)
			require.NotEmpty(t, back.Query().Get("code"), "%s\n%s", back, p)
			return back.Query().Get("code")
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s\n%s", body, p)
		action, fields := form(t, body)
		fields.Set("login", login)
		fields.Set("password", "any")
		resp, err = browser.PostForm(action, fields)
	}
	require.Fail(t, "no code after sign-in and consent", p)
	return ""
}

// browser keeps cookies and follows redirects up to redirectURI.
func (p *provider) browser(t *testing.T) *http.Client {
	t.Helper()
	browser := httpsClient(t, p.ca)
	var err error
	browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirectURI) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return browser
}

// httpsClient trusts one CA and uses no proxy.
func httpsClient(t *testing.T, ca string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(ca)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

var (
	formAction  = regexp.MustCompile(`<form [^>]*action="([^"]+)"`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// form returns where a page's form goes, and its hidden fields.
func form(t *testing.T, page string) (string, url.Values) {
	t.Helper()
	action := formAction.FindStringSubmatch(page)
	require.NotNil(t, action, page)
	fields := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return html.UnescapeString(action[1]), fields
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}
