package jwt_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// These are in the header, the payload and the signature of every token below.
const (
	headerCanary    = "c4n4ry-of-the-header"
	payloadCanary   = "c4n4ry-of-the-payload"
	idCanary        = "c4n4ry-of-the-id"
	signatureCanary = "c4n4ry-of-the-signature!"
)

// attacks are the rows of all the tables of tokens.
func attacks(t *testing.T, issuer *authntest.Issuer) []row {
	rows := slices.Concat(
		algorithmAttacks(t, issuer), signatureAttacks(t, issuer), ed25519Attacks(t, issuer),
		keyAttacks(t, issuer, "http://127.0.0.1:1"), headerForms(issuer), forms(t, issuer), audiences(issuer), times(issuer))
	for _, p := range payloads() {
		rows = append(rows, row{p.name, issuer.SignRaw("ES256", []byte(`{"alg":"ES256"}`), []byte(p.payload)), p.want})
	}
	return rows
}

// In whatever way a token fails, nothing of it shows where people look: in no
// error, note, trace, health check or outcome, and not in the response.
func TestAttacksAreSilent(t *testing.T) {
	issuer := newIssuer(t)
	long := func(_ *jwt.Config, o *jwt.Options) { o.MaxBytes = 1 << 20 }
	static := newStatic(t, keysOf(issuer), long)
	down := newStatic(t, nil, func(_ *jwt.Config, o *jwt.Options) {
		o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDown })}
	})
	mux, err := jwt.NewMux(newStatic(t, keysOf(issuer), long))
	require.NoError(t, err)
	noName := newStatic(t, keysOf(issuer), long, func(c *jwt.Config, _ *jwt.Options) {
		c.User = jwt.ClaimMappings{Username: jwt.Claim("sub"), Required: map[string]string{"hd": "example.com"}}.User
	})
	seen := map[authn.Reason]bool{}
	for _, r := range attacks(t, issuer) {
		for _, token := range withCanaries(t, issuer, r.token) {
			for _, auth := range []checked{static, down, mux, noName} {
				reason, texts := everythingSaid(t, auth, token)
				seen[reason] = true
				for _, text := range append(texts, toolsSay(static, token)...) {
					mustNotQuote(t, token, text)
					mustHaveNoCanary(t, text)
				}
			}
		}
	}
	for _, reason := range []authn.Reason{"", authn.NoCredential, authn.WrongAlgorithm, authn.Malformed, authn.BadSignature, authn.UnknownKey,
		authn.Expired, authn.NotYetValid, authn.WrongAudience, authn.ClaimMissing, authn.RuleFailed, authn.Unavailable} {
		require.True(t, seen[reason], "no row fails with %q", reason)
	}
}

// withCanaries returns a token, and what it is with canaries in its parts: with
// the signature as it was, with a new one and with one that is a canary itself.
func withCanaries(t *testing.T, issuer *authntest.Issuer, token string) []string {
	t.Helper()
	p := strings.Split(token, ".")
	if len(p) != 3 || !isObject(p[0]) || !isObject(p[1]) {
		return []string{token}
	}
	header := withMembers(unb64(t, p[0]), `"x":"`+headerCanary+`"`)
	payload := withMembers(unb64(t, p[1]), `"y":"`+payloadCanary+`","jti":"`+idCanary+`"`)
	unsigned := b64(header) + "." + b64(payload) + "."
	tokens := []string{token, unsigned + p[2], unsigned + b64([]byte(strings.Repeat(signatureCanary, 12)[:256]))}
	for _, alg := range []string{"RS256", "ES256"} {
		tokens = append(tokens, issuer.SignRaw(alg, header, payload))
	}
	return tokens
}

func isObject(encoded string) bool {
	return strings.HasPrefix(encoded, "ey") && len(encoded)%4 != 1 && !strings.ContainsAny(encoded, " \r\n=")
}

// withMembers returns an object with more members, in front of its own.
func withMembers(object []byte, members string) []byte {
	comma := ","
	if bytes.Equal(object, []byte("{}")) {
		comma = ""
	}
	return slices.Concat([]byte("{"+members+comma), object[1:])
}

type checked interface {
	authenticator.Token
	HealthCheck() error
}

// everythingSaid returns the reason why a request with a token fails, and all
// that is to be read of it anywhere.
func everythingSaid(t *testing.T, auth checked, token string) (authn.Reason, []string) {
	t.Helper()
	var (
		said    bytes.Buffer
		outcome authn.Outcome
	)
	m := authn.Middleware{
		Authenticator: authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
			return authn.AskToken(r.Context(), auth, token)
		}),
		Observe: func(_ context.Context, o authn.Outcome) {
			outcome = o
			fmt.Fprintf(&said, "%v %+v %#v %v\n", o, o, o, o.Err)
			slog.New(slog.NewTextHandler(&said, nil)).Warn("refused", "outcome", o, "err", o.Err)
		},
	}
	ctx, trace := authn.WithTrace(t.Context())
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	result, err := json.Marshal(trace.Result())
	require.NoError(t, err)
	texts := []string{said.String(), trace.String(), string(result), w.Body.String(), fmt.Sprint(w.Header())}
	if outcome.Err != nil {
		require.LessOrEqual(t, len(outcome.Err.Error()), 1024)
	}
	if err := auth.HealthCheck(); err != nil {
		texts = append(texts, err.Error())
	}
	return outcome.Reason, texts
}

// toolsSay returns what those say that do not verify.
func toolsSay(a *jwt.Authenticator, token string) []string {
	_, unverified := jwt.UnverifiedIssuer(token)
	claims, parsed := a.InsecureParse(token)
	_, verified := a.Verify(context.Background(), token)
	errs := []error{unverified, parsed, verified}
	for _, check := range a.CheckClaims(claims) {
		errs = append(errs, check.Err)
	}
	return []string{fmt.Sprint(errs), fmt.Sprintf("%+v", claims)}
}

func mustHaveNoCanary(t *testing.T, text string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, hidden := range []string{"c4n4ry", hex.EncodeToString([]byte("c4n4ry")), b64([]byte("c4n4ry")), fmt.Sprint([]byte("c4n4ry"))[1:18]} {
		require.NotContains(t, lower, strings.ToLower(hidden))
	}
}
