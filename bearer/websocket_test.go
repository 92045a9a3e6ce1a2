package bearer_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// The tokens of ann and bob, as subprotocols.
const (
	prefix = "base64url.bearer.authorization.k8s.io."
	annIs  = prefix + "YW5u"
	bobIs  = prefix + "Ym9i"
	v4     = "v4.channel.k8s.io"
)

func encode(token string) string { return prefix + base64.RawURLEncoding.EncodeToString([]byte(token)) }

// webSocket is a browser's request with these lists of subprotocols.
func webSocket(protocols ...string) *http.Request {
	r := authntest.Request("/")
	r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	if len(protocols) > 0 {
		r.Header["Sec-Websocket-Protocol"] = protocols
	}
	return r
}

const (
	protocols    = "bearer: Sec-WebSocket-Protocol: "
	notBase64    = protocols + "the token is not base64url without padding"
	wantToken    = protocols + "want base64url.bearer.authorization.k8s.io, a dot and a token"
	wantAnother  = protocols + "want another subprotocol beside the bearer token"
	wantUpgrade  = protocols + "want one Upgrade header, websocket, and upgrade in Connection"
	twoTokens    = protocols + "2 bearer tokens"
	secondNoName = protocols + "subprotocol 2 is empty or has characters that no name has"
)

func noByte(i string) string {
	return protocols + "byte " + i + " of the decoded token is a blank, a control character or not ASCII"
}

func TestWebSocket(t *testing.T) {
	long := strings.Repeat("a", bearer.MaxToken)
	tests := []struct {
		name  string
		lists []string
		user  string
		err   string
	}{
		{"first", []string{annIs + "," + v4}, "ann", ""},
		{"last", []string{v4 + "," + annIs}, "ann", ""},
		{"between", []string{"a, " + annIs + ", b"}, "ann", ""},
		{"blanks and tabs", []string{" \t" + v4 + "\t, \t" + annIs + " \t"}, "ann", ""},
		{"the same subprotocol twice", []string{"a, " + annIs + ", a"}, "ann", ""},
		{"one like it", []string{"base64.channel.k8s.io, " + annIs}, "ann", ""},
		{"one byte", []string{v4 + ", " + encode("a")}, "a", ""},
		{"two bytes", []string{v4 + ", " + encode("ab")}, "ab", ""},
		{"a JWT", []string{v4 + ", " + encode("e30.e30.c2ln")}, "e30.e30.c2ln", ""},
		{"all of base64url", []string{v4 + ", " + prefix + "Pz8_fn5-"}, "???~~~", ""},
		{"visible ASCII", []string{v4 + ", " + encode(`!"#$%&'()*+,-./:;<=>?@[\]^_{|}~`)}, `!"#$%&'()*+,-./:;<=>?@[\]^_{|}~`, ""},
		{"as long as may be", []string{v4 + ", " + encode(long)}, long, ""},

		{"no header", nil, "", ""},
		{"empty header", []string{""}, "", ""},
		{"only others", []string{v4 + ", base64.channel.k8s.io"}, "", ""},
		{"odd others", []string{",,\x00é, a b", "a,"}, "", ""},
		{"cut name", []string{v4 + ", base64url.bearer.authorization.k8s.i.YW5u"}, "", ""},
		{"other name", []string{v4 + ", base64url-bearer.authorization.k8s.io.YW5u"}, "", ""},
		{"broken name", []string{v4 + ", base64url.bearer.authorization. k8s.io.YW5u"}, "", ""},

		{"refused", []string{v4 + ", " + encode("refuse")}, "", "late"},
		{"unknown", []string{v4 + ", " + encode("pass")}, "", "bearer: nobody recognizes the token"},
		{"accepted nobody", []string{v4 + ", " + encode("nobody")}, "", "authn: func accepted a request without naming a user"},

		{"alone", []string{annIs}, "", wantAnother},
		{"with an empty one", []string{annIs + ","}, "", secondNoName},
		{"with a blank one", []string{annIs + ", \t"}, "", secondNoName},
		{"an empty one between", []string{annIs + ",," + v4}, "", secondNoName},
		{"an empty one first", []string{"," + annIs}, "", protocols + "subprotocol 1 is empty or has characters that no name has"},
		{"two words", []string{annIs + ", a b"}, "", secondNoName},
		{"quotes", []string{annIs + `, "a"`}, "", secondNoName},
		{"not ASCII", []string{annIs + ", é"}, "", secondNoName},
		{"not UTF-8", []string{annIs + ", \xff"}, "", secondNoName},
		{"NUL", []string{annIs + ", a\x00"}, "", secondNoName},
		{"no-break space around another", []string{annIs + ",\u00a0a"}, "", secondNoName},

		{"two tokens", []string{annIs + ", " + bobIs + ", " + v4}, "", twoTokens},
		{"the same twice", []string{annIs + ", " + v4 + ", " + annIs}, "", twoTokens},
		{"and an empty token", []string{annIs + ", " + prefix + ", " + v4}, "", twoTokens},
		{"and one of another case", []string{annIs + ", " + strings.ToUpper(bobIs) + ", " + v4}, "", twoTokens},
		{"and the name alone", []string{annIs + ", base64url.bearer.authorization.k8s.io"}, "", twoTokens},

		{"two headers", []string{v4, annIs}, "", protocols + "2 headers"},
		{"two headers, token first", []string{annIs + ", a", "b"}, "", protocols + "2 headers"},
		{"two headers, two tokens", []string{annIs + ", a", bobIs + ", a"}, "", protocols + "2 headers"},
		{"three headers, empty ones", []string{"", annIs + ", a", ""}, "", protocols + "3 headers"},

		{"no token", []string{v4 + ", " + prefix}, "", wantToken},
		{"no dot", []string{v4 + ", " + strings.TrimSuffix(prefix, ".")}, "", wantToken},
		{"no dot, but a token", []string{v4 + ", base64url.bearer.authorization.k8s.ioYW5u"}, "", wantToken},
		{"= for the dot", []string{v4 + ", base64url.bearer.authorization.k8s.io=YW5u"}, "", wantToken},
		{"upper case", []string{v4 + ", " + strings.ToUpper(prefix) + "YW5u"}, "", wantToken},
		{"one capital", []string{v4 + ", B" + annIs[1:]}, "", wantToken},
		{"something before", []string{v4 + ", x" + annIs}, "", wantToken},
		{"another before", []string{v4 + " " + annIs + ", a"}, "", wantToken},
		{"in quotes", []string{v4 + `, "` + annIs + `"`}, "", wantToken},
		{"no-break space before", []string{v4 + ",\u00a0" + annIs}, "", wantToken},
		{"line feed before", []string{v4 + ",\n" + annIs}, "", wantToken},

		{"padding", []string{v4 + ", " + prefix + "YQ=="}, "", notBase64},
		{"needless padding", []string{v4 + ", " + annIs + "="}, "", notBase64},
		{"one character", []string{v4 + ", " + prefix + "Y"}, "", notBase64},
		{"five characters", []string{v4 + ", " + annIs + "Y"}, "", notBase64},
		{"stray bits after one byte", []string{v4 + ", " + prefix + "YR"}, "", notBase64},
		{"stray bits after two bytes", []string{v4 + ", " + prefix + "YWJ"}, "", notBase64},
		{"the other base64", []string{v4 + ", " + prefix + "Pz8/fn5+"}, "", notBase64},
		{"dot inside", []string{v4 + ", " + prefix + "YW.5u"}, "", notBase64},
		{"two dots", []string{v4 + ", " + prefix + ".YW5u"}, "", notBase64},
		{"blank inside", []string{v4 + ", " + prefix + "YW 5u"}, "", notBase64},
		{"blank after the dot", []string{v4 + ", " + prefix + " YW5u"}, "", notBase64},
		{"line break inside", []string{v4 + ", " + prefix + "YW\r\n5u"}, "", notBase64},
		{"line feed after", []string{v4 + ", " + annIs + "\n"}, "", notBase64},
		{"only line breaks", []string{v4 + ", " + prefix + "\r\n"}, "", notBase64},
		{"not ASCII in it", []string{v4 + ", " + annIs + "é"}, "", notBase64},
		{"no-break space after", []string{v4 + ", " + annIs + "\u00a0"}, "", notBase64},
		{"a parameter", []string{v4 + ", " + annIs + ";a=b"}, "", notBase64},

		{"a blank in the token", []string{v4 + ", " + encode("a b")}, "", noByte("1")},
		{"a blank before it", []string{v4 + ", " + encode(" ann")}, "", noByte("0")},
		{"a line feed after it", []string{v4 + ", " + encode("ann\n")}, "", noByte("3")},
		{"NUL in it", []string{v4 + ", " + encode("ann\x00")}, "", noByte("3")},
		{"DEL in it", []string{v4 + ", " + encode("ann\x7f")}, "", noByte("3")},
		{"UTF-8 in it", []string{v4 + ", " + encode("anné")}, "", noByte("3")},
		{"no UTF-8 in it", []string{v4 + ", " + encode("ann\xff")}, "", noByte("3")},
		{"byte order mark", []string{v4 + ", " + encode("\ufeffann")}, "", noByte("0")},
		{"too long", []string{v4 + ", " + encode(long+"a")}, "", protocols + "a token of 16385 bytes, more than 16384"},
		{"too long, and not base64", []string{v4 + ", " + encode(long) + "!!"}, "", protocols + "a token of 16386 bytes, more than 16384"},
	}
	reasons := map[string]authn.Reason{
		"": "", "late": authn.Expired, "bearer: nobody recognizes the token": authn.UnknownToken,
		"authn: func accepted a request without naming a user": authn.InvalidUser,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := webSocket(tt.lists...)
			caller := r.Header.Clone()
			resp, ok, err := bearer.NewWebSocket(echo).AuthenticateRequest(r)
			require.Equal(t, caller, r.Header)
			require.Equal(t, tt.user != "", ok)
			reason, known := reasons[tt.err]
			if !known {
				reason = authn.Malformed
			}
			require.Equal(t, reason, authn.ReasonOf(err))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
			}
			if ok {
				require.Equal(t, tt.user, resp.User.GetName())
			} else {
				require.Nil(t, resp)
			}
			token, ok, from := bearer.FromWebSocket(r)
			if reason == authn.Malformed {
				require.Equal(t, err, from)
				require.False(t, ok)
				return
			}
			require.NoError(t, from)
			require.Equal(t, tt.user != "" || reason != "", ok)
			if tt.user != "" {
				require.Equal(t, tt.user, token)
			}
		})
	}
}

func TestWebSocketFields(t *testing.T) {
	four, five := webSocket(v4+", "+encode("abcd")), webSocket(v4+", "+encode("abcde"))
	tests := []struct {
		name   string
		auth   *bearer.WebSocket
		r      *http.Request
		user   string
		err    string
		reason authn.Reason
	}{
		{"as long as may be", &bearer.WebSocket{Token: echo, MaxBytes: 4}, four, "abcd", "", ""},
		{"too long", &bearer.WebSocket{Token: unreachable{}, MaxBytes: 4}, five, "", protocols + "a token of 5 bytes, more than 4", authn.Malformed},
		{"negative is the usual", &bearer.WebSocket{Token: echo, MaxBytes: -1}, five, "abcde", "", ""},
		{"longer than usual", &bearer.WebSocket{Token: echo, MaxBytes: 1 << 15}, webSocket(v4 + ", " + encode(strings.Repeat("a", 1<<15))), strings.Repeat("a", 1<<15), "", ""},
		{"no tokens", &bearer.WebSocket{}, four, "", "bearer: WebSocket.Token: required", authn.Unavailable},
		{"no tokens and no token", &bearer.WebSocket{}, webSocket(v4), "", "", ""},
		{"the Authorization header is another's", bearer.NewWebSocket(unreachable{}), request("Bearer ann"), "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := tt.auth.AuthenticateRequest(tt.r)
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.Equal(t, tt.user != "", ok)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
			}
			if ok {
				require.Equal(t, tt.user, resp.User.GetName())
			}
		})
	}
	require.Equal(t, "websocket", bearer.NewWebSocket(echo).String())
	require.PanicsWithValue(t, "bearer.NewWebSocket: the authenticator of tokens is nil", func() { bearer.NewWebSocket(nil) })
}

// A long header is not copied and not repeated.
func TestLongWebSocketToken(t *testing.T) {
	for name, list := range map[string]string{
		"token": v4 + ", " + prefix + strings.Repeat("a", 1<<20), "digits": v4 + ", " + prefix + strings.Repeat("64", 1<<19),
		"commas": annIs + strings.Repeat(",", 1<<20), "tokens": strings.Repeat(annIs+",", 1<<14), "blanks": annIs + "," + strings.Repeat(" ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			r := webSocket(list)
			auth := bearer.NewWebSocket(unreachable{})
			require.LessOrEqual(t, testing.AllocsPerRun(10, func() {
				if _, ok, err := auth.AuthenticateRequest(r); ok || err == nil || len(err.Error()) > 200 {
					t.Fatal("not refused, or at length")
				}
			}), 12.0)
		})
	}
}
