package jwt_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// gauge reads a body and watches the heap meanwhile.
type gauge struct {
	body   io.ReadCloser
	read   int
	heap   uint64 // at most, while it was read
	closed bool
}

func (g *gauge) Read(p []byte) (int, error) {
	n, err := g.body.Read(p)
	g.read += n
	g.heap = max(g.heap, heap())
	return n, err
}

func (g *gauge) Close() error {
	g.closed = true
	return g.body.Close()
}

// heap returns how large the heap is, with the garbage in it.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// again is a text that repeats itself for a gigabyte, after a beginning.
func again(beginning, text string) io.Reader {
	return io.LimitReader(io.MultiReader(strings.NewReader(beginning), &repeating{text: []byte(text)}), 1<<30)
}

type repeating struct {
	text []byte
	at   int
}

func (r *repeating) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], r.text[r.at:])
		n, r.at = n+m, (r.at+m)%len(r.text)
	}
	return n, nil
}

// A gigabyte of key set or of discovery document costs a few megabytes, and known
// keys go on meanwhile and afterwards.
func TestGigabyte(t *testing.T) {
	issuer := newIssuer(t)
	const tooMuch = "the answer has more than 1048576 bytes"
	for name, body := range map[string]func() io.Reader{
		"blanks":        func() io.Reader { return again("", " ") },
		"zeros":         func() io.Reader { return again("", "\x00") },
		"empty keys":    func() io.Reader { return again(`{"keys":[{}`, ",{}") },
		"good keys":     func() io.Reader { return again(`{"keys":[{}`, ",{"+edJWK+"}") },
		"one key's kid": func() io.Reader { return again(`{"keys":[{"kid":"`, "kid") },
		"nested":        func() io.Reader { return again(`{"keys":`, "[") },
		"documents":     func() io.Reader { return again("", `{"issuer":"`+login+`","jwks_uri":"`+login+`/keys"}`) },
	} {
		for _, place := range []string{"/keys", "/.well-known/openid-configuration"} {
			t.Run(name+" at "+place, func(t *testing.T) {
				var hostile bool
				seen := &gauge{}
				client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r}
					switch {
					case hostile && r.URL.Path == place:
						seen.body = io.NopCloser(body())
						resp.Body = seen
					case hostile:
						return nil, errDown
					case r.URL.Path == "/keys":
						resp.Body = io.NopCloser(bytes.NewReader(issuer.KeySet()))
					default:
						resp.Body = io.NopCloser(strings.NewReader(`{"issuer":"` + login + `","jwks_uri":"` + login + `/keys"}`))
					}
					return resp, nil
				})}
				auth, err := jwt.New(jwt.Config{Issuer: login, Audiences: []string{audience}, User: bySub.User}, &jwt.Options{Client: client, Now: newClock().Now})
				require.NoError(t, err)
				known, unknown := issuer.Sign("ES256", good(nil), nil), issuer.Sign("ES256", good(nil), object{"kid": "new"})
				require.Equal(t, isUser("jane"), ask(t, auth, known))

				hostile = true
				runtime.GC()
				before, seenBefore := heap(), totalAllocated()
				got := ask(t, auth, unknown)
				require.Equal(t, authn.Unavailable, got.reason)
				require.Contains(t, got.text, tooMuch)
				require.LessOrEqual(t, int64(seen.heap-before), int64(8<<20))
				require.LessOrEqual(t, totalAllocated()-seenBefore, uint64(8<<20))
				require.Equal(t, 1<<20+1, seen.read)
				require.True(t, seen.closed)
				require.Equal(t, isUser("jane"), ask(t, auth, known))
				require.ErrorContains(t, auth.HealthCheck(), tooMuch)
			})
		}
	}
}

func totalAllocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A megabyte that is read to its end has a bounded cost as well. What is a list of
// very many things leaves garbage as it grows.
func TestMegabyte(t *testing.T) {
	fill := func(beginning, text, end string) string {
		const size = 1 << 20
		return beginning + strings.Repeat(text, (size-len(beginning)-len(end))/len(text)) + end
	}
	many := func(format string) string {
		var b strings.Builder
		b.WriteString(`{"keys":[{}`)
		for i := 0; b.Len() < 1<<20-100; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		mib  int
		body string
	}{
		"empty keys":          {8, fill(`{"keys":[{}`, ",{}", "]}")},
		"numbers":             {8, fill(`{"keys":[0`, ",0", "]}")},
		"members":             {8, many(`],"%d":[`) + "]}"},
		"members of a key":    {8, strings.Replace(many(`,"%d":0`), "{}", `{"kid":""`, 1) + "}]}"},
		"members of one name": {8, fill(`{"keys":[]`, `,"a":0`, "}")},
		"nested objects":      {8, fill(`{"keys":[{}`, ","+strings.Repeat(`{"a":`, 60)+"0"+strings.Repeat("}", 60), "]}")},
		"escapes":             {8, fill(`{"keys":[{"kid":"`, `\u0061`, `"}]}`)},
		"a long modulus":      {8, fill(`{"keys":[{"kty":"RSA","e":"AQAB","n":"`, "AQAB", `"}]}`)},
		"a long exponent":     {8, fill(`{"keys":[{"kty":"RSA","n":"`+rfcN+`","e":"`, "AQAB", `"}]}`)},
		"a long x":            {8, fill(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"`, "AQAB", `"}]}`)},
		"a long kty":          {8, fill(`{"keys":[{"kty":"`, "AQAB", `"}]}`)},
		"long notes":          {8, fill(`{"keys":[`, `{"kid":"`+strings.Repeat(`\u0000`, 600)+`"},`, "0]}")},
		"key_ops":             {8, fill(`{"keys":[{"key_ops":[""`, `,""`, "]}]}")},
	} {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, len(tt.body), 1<<20)
			before := totalAllocated()
			keys, notes, _ := jwt.ParseKeySet([]byte(tt.body))
			allocated := totalAllocated() - before
			require.Empty(t, keys)
			require.LessOrEqual(t, allocated, uint64(tt.mib)<<20)
			require.LessOrEqual(t, len(strings.Join(notes, "")), 256*1024)
		})
	}
}

// A megabyte that is nearly a gigabyte, compressed, is read like any other.
func TestGzipBomb(t *testing.T) {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, err := w.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	bomb := bytes.Repeat(member.Bytes(), 960)
	require.Less(t, len(bomb), 1<<20)
	for encoding, want := range map[string]string{
		"gzip":       "the answer has more than 1048576 bytes",
		"GZIP":       "the answer has more than 1048576 bytes",
		"gzip, gzip": "not a JSON object",
		"deflate":    "not a JSON object",
	} {
		t.Run(encoding, func(t *testing.T) {
			issuer := newIssuer(t)
			transport := issuer.Client().Transport
			seen := &gauge{}
			auth, clock := newRemote(t, issuer, func(_ *jwt.Config, o *jwt.Options) {
				o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					resp, err := transport.RoundTrip(r)
					if err == nil && r.URL.Path == "/keys" {
						seen.body = resp.Body
						resp.Body = seen
					}
					return resp, err
				})}
			})
			known := jane(issuer)
			require.Equal(t, isUser("jane"), ask(t, auth, known))
			issuer.Serve(serving(issuer, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", encoding)
				_, _ = w.Write(bomb)
			}))
			runtime.GC()
			before := heap()
			*seen = gauge{}
			got := ask(t, auth, janeWith(issuer, object{"kid": "new"}))
			require.Equal(t, authn.Unavailable, got.reason)
			require.Contains(t, got.text, want)
			require.LessOrEqual(t, int64(seen.heap-before), int64(8<<20))
			require.LessOrEqual(t, seen.read, 1<<20+1)
			require.Equal(t, isUser("jane"), ask(t, auth, known))

			issuer.Serve(nil)
			issuer.Rotate()
			clock.Add(time.Minute)
			require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
		})
	}
}
