package bearer_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

func request(authorization ...string) *http.Request {
	r := authntest.Request("/")
	if len(authorization) > 0 {
		r.Header["Authorization"] = authorization
	}
	return r
}

const (
	header   = "bearer: the Authorization header: "
	noToken  = header + "want one blank and a token after the scheme"
	twoLines = header + "2 Authorization headers"
)

func TestFrom(t *testing.T) {
	long := strings.Repeat("a", bearer.MaxToken)
	tests := []struct {
		headers []string
		token   string
		err     string
	}{
		{[]string{"Bearer a"}, "a", ""},
		{[]string{"bearer a"}, "a", ""},
		{[]string{"BEARER a"}, "a", ""},
		{[]string{"bEaReR a"}, "a", ""},
		{[]string{"Bearer bearer"}, "bearer", ""},
		{[]string{"Bearer aaa.bbb.ccc"}, "aaa.bbb.ccc", ""},
		{[]string{"Bearer a-._~+/=="}, "a-._~+/==", ""},
		{[]string{`Bearer !"#$%&'()*,:;<>?@[\]^{|}` + "`"}, `!"#$%&'()*,:;<>?@[\]^{|}` + "`", ""},
		{[]string{"Bearer ,"}, ",", ""},
		{[]string{" Bearer a"}, "a", ""},
		{[]string{"\tBearer a\t"}, "a", ""},
		{[]string{"Bearer a  \t "}, "a", ""},
		{[]string{"Bearer " + long}, long, ""},

		{nil, "", ""},
		{[]string{""}, "", ""},
		{[]string{" \t"}, "", ""},
		{[]string{"a"}, "", ""},
		{[]string{"Beare"}, "", ""},
		{[]string{"Beare r"}, "", ""},
		{[]string{"Basic YTpi"}, "", ""},
		{[]string{"Basic Bearer a"}, "", ""},
		{[]string{"Negotiate Bearer"}, "", ""},
		{[]string{"Bearerish a"}, "", ""},
		{[]string{"Bearer-Token a"}, "", ""},
		{[]string{"Bearer2 a"}, "", ""},
		{[]string{"Bearer_a"}, "", ""},
		{[]string{"Bearer~ a"}, "", ""},
		{[]string{"\u212aearer a"}, "", ""}, // a Kelvin sign is no K, and that no B
		{[]string{"Ｂearer a"}, "", ""},      // full width
		{[]string{"Basic a", "Basic b"}, "", ""},
		{[]string{"", ""}, "", ""},

		{[]string{"Bearer"}, "", noToken},
		{[]string{"Bearer "}, "", noToken},
		{[]string{"bearer \t"}, "", noToken},
		{[]string{"Bearer,a"}, "", noToken},
		{[]string{"Bearer:a"}, "", noToken},
		{[]string{"Bearer=a"}, "", noToken},
		{[]string{`Bearer"a"`}, "", noToken},
		{[]string{"Bearer\ta"}, "", noToken},
		{[]string{"Bearer\x00a"}, "", noToken},
		{[]string{"Bearer\u00a0a"}, "", noToken},
		{[]string{"Bearer  a"}, "", header + "byte 0 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer \ta"}, "", header + "byte 0 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer a b"}, "", header + "byte 1 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\tb"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\x00"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\r\nX: y"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\n"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\x7f"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abcé"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\xff"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer abc\u00a0"}, "", header + "byte 3 of the token is a blank, a control character or not ASCII"},
		{[]string{"Bearer " + long + "a"}, "", header + "a token of 16385 bytes, more than 16384"},
		{[]string{"Bearer a", "Bearer b"}, "", twoLines},
		{[]string{"Bearer a", "Bearer a"}, "", twoLines},
		{[]string{"Bearer a", "Basic b"}, "", twoLines},
		{[]string{"Basic b", "Bearer a"}, "", twoLines},
		{[]string{"", "Bearer a"}, "", twoLines},
		{[]string{"Basic b", "Bearer"}, "", twoLines},
		{[]string{"a", "b", "Bearer c"}, "", header + "3 Authorization headers"},
	}
	require.GreaterOrEqual(t, len(tests), 40)
	for _, tt := range tests {
		name := strings.Join(tt.headers, "|")
		t.Run(name[:min(len(name), 30)], func(t *testing.T) {
			token, ok, err := bearer.From(request(tt.headers...))
			require.Equal(t, tt.token, token)
			require.Equal(t, tt.token != "", ok)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.err)
			require.Equal(t, authn.Malformed, authn.ReasonOf(err))
		})
	}
}

// Only the header under its canonical name is one that net/http knows.
func TestFromOtherNames(t *testing.T) {
	for _, name := range []string{"authorization", "AUTHORIZATION", "Proxy-Authorization", "X-Authorization"} {
		r := request()
		r.Header[name] = []string{"Bearer a"}
		_, ok, err := bearer.From(r)
		require.False(t, ok, name)
		require.NoError(t, err, name)
	}
}

// A long token costs nothing: it is not read, not copied and not repeated.
func TestLongToken(t *testing.T) {
	for name, value := range map[string]string{
		"one": "Bearer " + strings.Repeat("a", 1<<20), "blanks": "Bearer" + strings.Repeat(" ", 1<<20) + "a", "dots": "Bearer " + strings.Repeat(".", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			r := request(value)
			auth := bearer.New(unreachable{})
			refuse := func() {
				if _, ok, err := auth.AuthenticateRequest(r); ok || err == nil {
					t.Fatal("not refused")
				}
			}
			require.LessOrEqual(t, testing.AllocsPerRun(100, refuse), 8.0)

			const rounds = 100
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				refuse()
			}
			runtime.ReadMemStats(&after)
			require.Less(t, (after.TotalAlloc-before.TotalAlloc)/rounds, uint64(4096))

			_, _, err := auth.AuthenticateRequest(r)
			require.Less(t, len(err.Error()), 200)
		})
	}
}
