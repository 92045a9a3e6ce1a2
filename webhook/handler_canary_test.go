package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// No answer has the token in it, or a part of it, whatever was sent and whatever the
// authenticator says; nor does what Observe is told, unless the authenticator tells it.
func TestHandlerCanary(t *testing.T) {
	const token = "CANARY-6b1f8d2e9a-0f3c7e5d1b"
	quiet := map[string]judge{
		"not known":       refuses(nil),
		"refused":         refuses(authn.Errorf(authn.Expired, "an hour ago")),
		"other audiences": accepts(authntest.User("ann"), "b"),
		"accepted":        accepts(authntest.User("ann"), "a"),
		"bad name":        accepts(authntest.User("ann\n"), "a"),
	}
	loud := map[string]judge{
		"error":       refuses(errors.New("bad token " + token)),
		"refused":     refuses(authn.Errorf(authn.Malformed, "bad token %s", token)),
		"unavailable": refuses(authn.Errorf(authn.Unavailable, "POST /%s: connection refused", token)),
		"panics":      func(_ context.Context, token string) (*authenticator.Response, bool, error) { panic(errors.New(token)) },
	}
	bodies := map[string]string{
		"review":         question(`{"token":"` + token + `","audiences":["a"]}`),
		"two tokens":     question(`{"token":"` + token + `","token":"` + token + `"}`),
		"as a name":      question(`{"` + token + `":1,"` + token + `":2}`),
		"as a name once": question(`{"` + token + `":1}`),
		"kind":           `{"apiVersion":"authentication.k8s.io/v1","kind":"` + token + `"}`,
		"apiVersion":     `{"apiVersion":"` + token + `","kind":"TokenReview"}`,
		"spec":           question(`"` + token + `"`),
		"in a list":      question(`{"token":["` + token + `"]}`),
		"cut":            question(`{"token":"` + token),
		"no JSON":        token,
		"audience":       question(`{"token":"t","audiences":["` + token + `"]}`),
		"too long":       question(`{"token":"` + token + fmt.Sprintf("%20000d", 0) + `"}`),
		"blank":          question(`{"token":"` + token + ` ` + token + `"}`),
	}
	for isLoud, chains := range map[bool]map[string]judge{false: quiet, true: loud} {
		for chain, j := range chains {
			for what, body := range bodies {
				var seen []webhook.Review
				h := webhook.Reviewer{Token: j, Observe: func(_ context.Context, r webhook.Review) { seen = append(seen, r) }}
				resp := post(t, h, body)
				require.Empty(t, leaked(bodyOf(t, resp), token), "%s, %s", chain, what)
				require.Empty(t, leaked(fmt.Sprint(resp.Header), token), "%s, %s", chain, what)
				if isLoud || what == "audience" { // audiences are told
					continue
				}
				for _, r := range seen {
					for _, said := range append(texts(r.Err), fmt.Sprintf("%+v", r.Trace), r.Trace.String()) {
						require.Empty(t, leaked(said, token), "%s, %s", chain, what)
					}
				}
			}
		}
	}
	resp := post(t, webhook.Handler(loud["panics"]), bodies["review"])
	require.Equal(t, http.StatusInternalServerError, resp.StatusCode, "the bodies do reach the chain")
}
