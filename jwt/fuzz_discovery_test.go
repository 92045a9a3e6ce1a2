package jwt_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

const documentURL = login + "/.well-known/openid-configuration"

// documents returns what a RoundTripper without a network answers, and the URLs
// it was asked for, in their order.
func documents(document []byte, keySet string) (client *http.Client, asked func() []string) {
	var urls []string
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.String())
		body := string(document)
		if len(urls) > 1 {
			body = keySet
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})}, func() []string { return urls }
}

// FuzzDiscovery: a document is only believed if it names the issuer and an https
// URL, as encoding/json reads it, and the client is sent to that and to no other.
func FuzzDiscovery(f *testing.F) {
	for _, members := range []string{
		``, `"issuer":"` + login + `"`, `"jwks_uri":"https://a.test/keys"`, `"ISSUER":"` + login + `","jwks_uri":"https://a.test/keys"`,
		`"issuer":"` + login + `/","jwks_uri":"https://a.test/keys"`, `"issuer":"` + login + `","issuer":"https://b.test","jwks_uri":"https://a.test/keys"`,
		`"issuer":"` + login + `","jwks_uri":"https://a.test/keys","jwks_uri":"https://b.test/keys"`, `"issuer":["` + login + `"],"jwks_uri":["https://a.test/keys"]`,
		`"\u0069ssuer":"https:\/\/login.example.com","jwks_ur\u0069":"https:\/\/a.test\/keys"`, `"issuer":"` + login + `\u0000","jwks_uri":"https://a.test/keys"`,
	} {
		f.Add([]byte("{" + members + "}"))
	}
	for _, uri := range []string{
		"https://a.test/keys", "https://a.test", "https://a.test:", "HTTPS://A.test:8443/k?a=b", "https://[::1]/keys", "https://a.test/%zz", "https://ä.test/ä", "https://a.test/keys#x", "https://a@a.test/keys",
		"http://a.test/keys", "http://127.0.0.1/keys", "http://localhost/keys", "//a.test/keys", "/keys", "https:keys", "https://", "file:///etc/passwd", "https://a.test\\\\@b.test", "https://a.test\\n/keys", " https://a.test", "\\ud800",
	} {
		f.Add([]byte(`{"issuer":"` + login + `","jwks_uri":"` + uri + `"}`))
	}
	for _, other := range []string{"", "null", "[]", "{}{}", "<html>", "\ufeff{}", `{"issuer":`, strings.Repeat("[", 100), `{"x":` + strings.Repeat("[", 100)} {
		f.Add([]byte(other))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		client, asked := documents(document, `{"keys":[{"kid":"a",`+ecJWK+`}]}`)
		auth, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}, &jwt.Options{Client: client})
		require.NoError(t, err)
		err = auth.Preload(t.Context())
		require.Equal(t, documentURL, asked()[0])
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 1024)
			require.NotContains(t, err.Error(), "\n")
			require.Len(t, asked(), 1, "sent somewhere by a document that is refused")
			require.True(t, strings.HasPrefix(err.Error(), `jwt: issuer "`+login+`": keys: discovery: `), err)
			return
		}
		var said map[string]any
		require.NoError(t, json.Unmarshal(document, &said))
		require.Equal(t, login, said["issuer"])
		want, err := url.Parse(said["jwks_uri"].(string))
		require.NoError(t, err)
		require.Equal(t, "https", want.Scheme)
		require.NotEmpty(t, want.Hostname())
		require.Nil(t, want.User)
		require.Empty(t, want.Fragment)
		want.Host = strings.TrimSuffix(want.Host, ":") // net/http leaves an empty port out
		require.Equal(t, []string{documentURL, want.String()}, asked())
	})
}
