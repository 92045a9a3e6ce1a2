package serviceaccount_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// Clocks may be a minute apart, to the second.
func TestClocks(t *testing.T) {
	issuer := newIssuer(t)
	auth := newAuth(t, keysOf(issuer), newKubernetes())
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	for _, row := range []struct {
		name    string
		changes object
		want    answer
	}{
		{"exp now", object{"exp": at(0)}, web(nil)},
		{"exp 59 s ago", object{"exp": at(-59 * time.Second)}, web(nil)},
		{"exp 60 s ago", object{"exp": at(-60 * time.Second)}, refused(authn.Expired, "expired 1m0s ago (exp 2026-01-01T11:59:00Z)")},
		{"exp 61 s ago", object{"exp": at(-61 * time.Second)}, refused(authn.Expired, "expired 1m1s ago (exp 2026-01-01T11:58:59Z)")},
		{"nbf in 60 s", object{"nbf": at(60 * time.Second)}, web(nil)},
		{"nbf in 61 s", object{"nbf": at(61 * time.Second)}, refused(authn.NotYetValid, "valid in 1m1s (nbf 2026-01-01T12:01:01Z)")},
		{"iat in 60 s", object{"iat": at(60 * time.Second)}, web(nil)},
		{"iat in 61 s", object{"iat": at(61 * time.Second)}, refused(authn.NotYetValid, "valid in 1m1s (iat 2026-01-01T12:01:01Z)")},
		{"neither nbf nor iat", object{"nbf": nil, "iat": nil}, web(nil)},
		{"exp in words", object{"exp": "1767268800"}, refused(authn.ClaimMissing, `claim "exp": not a number`)},
	} {
		require.Equal(t, row.want, ask(t, auth, issuer.Sign("ES256", with(bound(nil), row.changes), nil)), row.name)
	}
}

// A user is one until the leeway is over, and knows since when.
func TestExpiry(t *testing.T) {
	issuer := newIssuer(t)
	auth := newAuth(t, keysOf(issuer), newKubernetes())
	token := func(changes object) string { return issuer.Sign("ES256", with(bound(nil), changes), nil) }

	resp, ok, err := auth.AuthenticateToken(t.Context(), token(nil))
	require.NoError(t, err)
	require.True(t, ok)
	expiry, known := authn.ExpiryOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon.Add(time.Hour+time.Minute), expiry.UTC())
	issued, known := authn.IssuedOf(resp.User)
	require.True(t, known)
	require.Equal(t, noon, issued.UTC())

	resp, _, err = auth.AuthenticateToken(t.Context(), token(object{"iat": nil, "exp": int64(1) << 62}))
	require.NoError(t, err)
	_, known = authn.IssuedOf(resp.User)
	require.False(t, known)
	expiry, _ = authn.ExpiryOf(resp.User)
	require.True(t, expiry.After(noon.AddDate(1000, 0, 0)))
}

// Who asked for a token that has been made to live longer is told of, once it is older
// than they wanted, if the token is accepted and not only explained.
func TestStale(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	var told []serviceaccount.StaleToken
	auth := newAuth(t, keysOf(issuer), k, func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.Stale = collect(&told) })
	at := func(d time.Duration) string {
		return issuer.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid"), "warnafter": noon.Add(d).Unix()}), nil)
	}
	pod := web(map[string][]string{extra + "pod-name": {"web-1"}, extra + "pod-uid": {"pod-uid"}})
	require.Equal(t, pod, ask(t, auth, at(time.Second)))
	require.Equal(t, pod, ask(t, auth, at(0)))
	require.Empty(t, told)
	require.Equal(t, pod, ask(t, auth, at(-7*time.Second)))
	stale := serviceaccount.StaleToken{
		Subject: "system:serviceaccount:default:web", CredentialID: "JTI=" + tokenJTI, Since: 7 * time.Second,
		Pod: serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "default", Name: "web-1", UID: "pod-uid"},
	}
	require.Equal(t, []serviceaccount.StaleToken{stale}, told)

	explain(auth, at(-7*time.Second))
	delete(k.objects, "Pod default/web-1")
	require.Equal(t, revoked("Pod default/web-1: not found"), ask(t, auth, at(-7*time.Second)))
	require.Len(t, told, 1)
}
