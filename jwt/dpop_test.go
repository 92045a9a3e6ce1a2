package jwt_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

const allTen = `["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512" "EdDSA"]`

// The examples of RFC 9449: the proofs of sections 4.1 and 7.1, the thumbprint of 6.1.
const (
	rfcProofHead = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
	rfcProof     = rfcProofHead + "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	rfcTokenless = rfcProofHead + "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	rfcToken     = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	rfcJKT       = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func TestRFC9449(t *testing.T) {
	issuer := newIssuer(t)
	at := func(seconds int64) *jwt.Authenticator {
		return newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}}), func(_ *jwt.Config, o *jwt.Options) {
			o.Now = func() time.Time { return time.Unix(seconds, 0) }
		})
	}
	const iat = 1562262618
	token := issuer.Token(good(object{"iat": iat, "exp": iat + 1000, "cnf": object{"jkt": rfcJKT}}))
	tests := []struct {
		name, method, url, proof string
		now                      int64
		want                     answer
	}{
		{"section 7.1", "GET", "https://resource.example.org/protectedresource", rfcProof, iat, isUser("jane")},
		{"with a query", "GET", "https://resource.example.org/protectedresource?x", rfcProof, iat, isUser("jane")},
		{"a minute old", "GET", "https://resource.example.org/protectedresource", rfcProof, iat + 60, isUser("jane")},
		{"older", "GET", "https://resource.example.org/protectedresource", rfcProof, iat + 61, badProof(`DPoP proof: claim "iat": 2019-07-04T17:50:18Z is more than 1m0s from now`)},
		{"another method", "HEAD", "https://resource.example.org/protectedresource", rfcProof, iat, badProof(`DPoP proof: claim "htm": is of another request`)},
		{"another path", "GET", "https://resource.example.org/protectedresources", rfcProof, iat, badProof(`DPoP proof: claim "htu": "https://resource.example.org/protectedresource", not "https://resource.example.org/protectedresources"`)},
		{"another signature", "GET", "https://resource.example.org/protectedresource", rfcProof[:len(rfcProof)-4] + "pLjQ", iat, badProof("DPoP proof: the signature is not one of its key")},
		{"section 4.2, which is for no token", "POST", "https://server.example.com/token", rfcTokenless, iat - 2, badProof(`DPoP proof: claim "ath": missing`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := authntest.Request(tt.url)
			r.Method = tt.method
			r.Header.Set("Authorization", "DPoP "+rfcToken)
			r.Header.Set("DPoP", tt.proof)
			auth := bound(opaque(rfcToken, at(tt.now), token))
			require.Equal(t, tt.want, answerTo(t, auth, r))
			if tt.want.user != nil {
				require.Equal(t, badProof("DPoP proof: it has been used before"), answerTo(t, auth, r))
			}
		})
	}
}

func TestProofs(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
	sixty := int64(60)
	tests := []struct {
		name string
		edit func(*sent)
	}{
		{"as it should be", func(*sent) {}},
		{"scheme in lower case", func(s *sent) { s.scheme = "dpop" }},
		{"scheme in capitals", func(s *sent) { s.scheme = "DPOP" }},
		{"typ in another case", func(s *sent) { s.header["typ"] = "DPoP+JWT" }},
		{"typ with application", func(s *sent) { s.header["typ"] = "application/dpop+jwt" }},
		{"keys beside the jwk", func(s *sent) {
			s.header["kid"], s.header["jku"], s.header["x5c"] = "x", "https://evil.test", []string{}
		}},
		{"jwk with more members", func(s *sent) {
			s.header["jwk"] = with(c.jwk("ES256"), object{"kid": "x", "use": "sig", "key_ops": []string{"verify"}, "alg": "ES256", "x5u": 1})
		}},
		{"the request has a query", func(s *sent) { s.url = pods + "?watch=1" }},
		{"the proof has a query", func(s *sent) { s.claims["htu"] = pods + "?watch=1" }},
		{"the proof has a fragment", func(s *sent) { s.claims["htu"] = pods + "#x" }},
		{"the proof has a port", func(s *sent) { s.claims["htu"] = "https://API.test:443/pods" }},
		{"the request has a port", func(s *sent) { s.url = "https://api.test:443/pods" }},
		{"an escape that is none", func(s *sent) { s.claims["htu"] = "https://api.test/%70ods" }},
		{"a slash that is none", func(s *sent) { s.url, s.claims["htu"] = pods+"%2fa", pods+"%2Fa" }},
		{"no path", func(s *sent) { s.url, s.claims["htu"] = "https://api.test/", "https://api.test" }},
		{"OPTIONS *", func(s *sent) {
			s.method, s.claims["htm"], s.claims["htu"] = "OPTIONS", "OPTIONS", "https://api.test"
			s.request = func(r *http.Request) { r.RequestURI = "*" }
		}},
		{"HTTP/2", func(s *sent) {
			s.request = func(r *http.Request) { r.ProtoMajor, r.ProtoMinor, r.RequestURI = 2, 0, "/pods" }
		}},
		{"another method", func(s *sent) { s.method, s.claims["htm"] = "DELETE", "DELETE" }},
		{"as old as may be", func(s *sent) { s.claims["iat"] = noon.Unix() - sixty }},
		{"as far ahead as may be", func(s *sent) { s.claims["iat"] = noon.Unix() + sixty }},
		{"exp and nbf", func(s *sent) { s.claims["exp"], s.claims["nbf"] = noon.Unix()+1, noon.Unix()+sixty }},
		{"more claims", func(s *sent) { s.claims["nonce"], s.claims["sub"] = "x", 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := c.send(token)
			tt.edit(s)
			r := s.build()
			require.Equal(t, isUser("jane"), answerTo(t, auth, r))
			require.Equal(t, badProof("DPoP proof: it has been used before"), answerTo(t, auth, r))
		})
	}
}

// with returns a copy of members with more of them.
func with(members, more object) object {
	all := object{}
	for _, o := range []object{members, more} {
		for name, value := range o {
			all[name] = value
		}
	}
	return all
}

func TestProofAlgorithms(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	for _, alg := range allAlgorithms {
		t.Run(alg, func(t *testing.T) {
			token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt(alg)}}))
			send := func(jti string) *http.Request {
				s := c.send(token)
				s.alg, s.header, s.claims["jti"] = alg, object{"typ": "dpop+jwt", "alg": alg, "jwk": c.jwk(alg)}, jti
				return s.build()
			}
			every := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
			require.Equal(t, isUser("jane"), answerTo(t, every, send("a")))
			only := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{Algorithms: []string{"ES512"}}})))
			want := isUser("jane")
			if alg != "ES512" {
				want = badProof(`DPoP proof: header: "alg": "` + alg + `": not one of ["ES512"]`)
			}
			require.Equal(t, want, answerTo(t, only, send("a")))
		})
	}
}

// Times and numbers of one's own.
func TestProofSettings(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	now := newClock()
	d := &jwt.DPoP{MaxAge: 5*time.Second + time.Millisecond, MaxProofs: 32, URL: func(r *http.Request) string { return "https://outside.test" + r.URL.Path + "?x" }}
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: d}), func(_ *jwt.Config, o *jwt.Options) { o.Now = now.Now }))
	d.URL, d.MaxAge = nil, time.Hour // what is changed later does not count
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	send := func(edit func(*sent)) answer {
		s := c.send(token)
		s.claims["htu"], s.claims["iat"] = "https://outside.test/pods", now.Now().Unix()
		edit(s)
		return answerTo(t, auth, s.build())
	}
	same := func(s *sent) { s.claims["jti"] = "same" }
	require.Equal(t, isUser("jane"), send(same))
	require.Equal(t, badProof("DPoP proof: it has been used before"), send(same))
	require.Equal(t, badProof(`DPoP proof: claim "htu": "https://api.test/pods", not "https://outside.test/pods"`), send(func(s *sent) { s.claims["htu"] = pods }))
	require.Equal(t, badProof(`DPoP proof: claim "iat": 2026-01-01T11:59:54Z is more than 5s from now`), send(func(s *sent) { s.claims["iat"] = noon.Unix() - 6 }))
	// A proof that is refused is not remembered.
	require.Equal(t, badProof(`DPoP proof: claim "htm": is of another request`), send(func(s *sent) { s.claims["jti"], s.claims["htm"] = "again", "PUT" }))
	require.Equal(t, isUser("jane"), send(func(s *sent) { s.claims["jti"] = "again" }))
	// One user's share of 32, in the first half of the time, is full.
	require.Equal(t, answer{reason: authn.Unavailable, text: "DPoP proof: more of them than can be remembered"}, send(func(*sent) {}))
	now.Add(20 * time.Second)
	require.Equal(t, isUser("jane"), send(same)) // an id is of its time
}

// Where no more can be remembered, the client is told when to come back.
func TestProofsFull(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{MaxProofs: 1, MaxAge: 90 * time.Second}})))
	token := issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))
	first := c.send(token).build()
	require.Equal(t, isUser("jane"), answerTo(t, auth, first))
	_, _, err := auth.AuthenticateRequest(c.send(token).build())
	var full *authn.Error
	require.ErrorAs(t, err, &full)
	require.Equal(t, authn.Unavailable, full.Reason)
	require.Equal(t, 90*time.Second, full.RetryAfter)
	require.Equal(t, badProof("DPoP proof: it has been used before"), answerTo(t, auth, first))
	// Another user has a share of their own, with the same ids, but another key is none.
	other := newClient(t)
	cnf := object{"jkt": other.jkt("ES256")}
	require.Equal(t, authn.Unavailable, answerTo(t, auth, other.send(issuer.Token(good(object{"cnf": cnf}))).build()).reason)
	require.Equal(t, isUser("bob"), answerTo(t, auth, other.send(issuer.Token(good(object{"sub": "bob", "cnf": cnf}))).build()))
}

// Of many who come with one proof at the same time, one is let in.
func TestProofAtOnce(t *testing.T) {
	issuer, c := newIssuer(t), newClient(t)
	auth := bound(newStatic(t, keysOf(issuer), requires(jwt.Binding{DPoP: &jwt.DPoP{}})))
	r := c.send(issuer.Token(good(object{"cnf": object{"jkt": c.jkt("ES256")}}))).build()
	var accepted atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, ok, _ := auth.AuthenticateRequest(r); ok {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, accepted.Load())
}

func TestNewDPoP(t *testing.T) {
	tests := []struct {
		name string
		b    jwt.Binding
		want string
	}{
		{"nothing", jwt.Binding{}, "binding: at least one of Certificates and DPoP is required"},
		{"nothing, optional", jwt.Binding{Optional: true}, "binding: at least one of Certificates and DPoP is required"},
		{"no algorithms", jwt.Binding{DPoP: &jwt.DPoP{Algorithms: []string{}}}, "binding: DPoP: algorithms: at least one is required"},
		{"none", jwt.Binding{DPoP: &jwt.DPoP{Algorithms: []string{"ES256", "none"}}}, `binding: DPoP: algorithms: "none": not one of ` + allTen},
		{"HS256", jwt.Binding{DPoP: &jwt.DPoP{Algorithms: []string{"HS256"}}}, `binding: DPoP: algorithms: "HS256": not one of ` + allTen},
		{"negative age", jwt.Binding{DPoP: &jwt.DPoP{MaxAge: -time.Second}}, "binding: DPoP: MaxAge: must be between one second and one hour"},
		{"less than a second", jwt.Binding{DPoP: &jwt.DPoP{MaxAge: time.Second - 1}}, "binding: DPoP: MaxAge: must be between one second and one hour"},
		{"more than an hour", jwt.Binding{DPoP: &jwt.DPoP{MaxAge: time.Hour + time.Second}}, "binding: DPoP: MaxAge: must be between one second and one hour"},
		{"negative number", jwt.Binding{DPoP: &jwt.DPoP{MaxProofs: -1}}, "binding: DPoP: MaxProofs: must not be negative"},
		{"the shortest", jwt.Binding{DPoP: &jwt.DPoP{MaxAge: time.Second}}, ""},
		{"the longest", jwt.Binding{DPoP: &jwt.DPoP{MaxAge: time.Hour}}, ""},
	}
	for _, tt := range tests {
		_, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User, Binding: &tt.b}, nil)
		if tt.want == "" {
			require.NoError(t, err, tt.name)
			continue
		}
		require.EqualError(t, err, `jwt: issuer "https://login.example.com": `+tt.want, tt.name)
	}
}
