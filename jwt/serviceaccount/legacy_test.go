package serviceaccount_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

const legacyPrefix = "kubernetes.io/serviceaccount/"

// legacyToken returns a token of the Secret web-token, with changes.
func legacyToken(issuer *authntest.Issuer, changes object) string {
	return issuer.Sign("RS256", with(object{
		"iss": serviceaccount.LegacyIssuer, "sub": "system:serviceaccount:default:web", "exp": nil, "iat": nil,
		legacyPrefix + "namespace": "default", legacyPrefix + "secret.name": "web-token",
		legacyPrefix + "service-account.name": "web", legacyPrefix + "service-account.uid": "account-uid",
	}, changes), nil)
}

func legacy(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Legacy = true }

// legacyWeb is the user of a legacy token.
func legacyWeb() answer {
	w := web(nil)
	w.user.Extra = nil
	return w
}

func TestLegacy(t *testing.T) {
	issuer := newIssuer(t)
	token := legacyToken(issuer, nil)
	secret, account := "Secret default/web-token", "ServiceAccount default/web"
	holds := serviceaccount.Object{UID: "s", Token: []byte(token)}
	for _, row := range []struct {
		name            string
		secret, account *serviceaccount.Object
		want            answer
	}{
		{"good", &holds, &serviceaccount.Object{UID: "account-uid"}, legacyWeb()},
		{"no secret", nil, &serviceaccount.Object{UID: "account-uid"}, revoked(secret + ": not found")},
		{"secret just deleted", &serviceaccount.Object{UID: "s", Token: []byte(token), Deleted: noon}, &serviceaccount.Object{UID: "account-uid"}, revoked(secret + ": deleted")},
		{"secret of another token", &serviceaccount.Object{UID: "s", Token: []byte(token + "x")}, &serviceaccount.Object{UID: "account-uid"}, revoked(secret + ": holds another token")},
		{"secret of no token", &serviceaccount.Object{UID: "s"}, &serviceaccount.Object{UID: "account-uid"}, revoked(secret + ": holds another token")},
		{"no account", &holds, nil, revoked(account + ": not found")},
		{"account just deleted", &holds, &serviceaccount.Object{UID: "account-uid", Deleted: noon}, revoked(account + ": deleted")},
		{"another account", &holds, &serviceaccount.Object{UID: "u"}, revoked(account + `: has the uid "u", and the token is for "account-uid"`)},
		{
			"marked invalid", &serviceaccount.Object{UID: "s", Token: []byte(token), InvalidSince: "2025-12-01"}, &serviceaccount.Object{UID: "account-uid"},
			revoked(secret + `: marked invalid by the label kubernetes.io/legacy-token-invalid-since, "2025-12-01"`),
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKubernetes()
			delete(k.objects, account)
			for name, o := range map[string]*serviceaccount.Object{secret: row.secret, account: row.account} {
				if o != nil {
					k.objects[name] = *o
				}
			}
			require.Equal(t, row.want, ask(t, newAuth(t, keysOf(issuer), k, legacy), token))
			require.Equal(t, refused(notMine, `issued by "kubernetes/serviceaccount"`), ask(t, newAuth(t, keysOf(issuer), k), token))
			k.errs[secret] = errDown
			require.Equal(t, refused(authn.Unavailable, secret+": connection refused"), ask(t, newAuth(t, keysOf(issuer), k, legacy), token))
		})
	}
}

func TestLegacyClaims(t *testing.T) {
	issuer := newIssuer(t)
	auth := newAuth(t, keysOf(issuer), nil, noLookup, legacy, func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.SkipLegacyLookup = true })
	for _, row := range []struct {
		name    string
		changes object
		want    answer
	}{
		{"good", nil, legacyWeb()},
		{"for the API", object{"aud": api}, legacyWeb()},
		{"for another", object{"aud": "x"}, refused(authn.WrongAudience, `the token is for "x", not for any of ["api"]`)},
		{"expired all the same", object{"exp": noon.Unix() - 60}, refused(authn.Expired, "expired 1m0s ago (exp 2026-01-01T11:59:00Z)")},
		{"not valid yet, if it expires", object{"exp": noon.Unix(), "nbf": noon.Unix() + 61}, refused(authn.NotYetValid, "valid in 1m1s (nbf 2026-01-01T12:01:01Z)")},
		{"not valid yet, if it does not expire", object{"nbf": noon.Unix() + 61}, legacyWeb()},
		{"a jti", object{"jti": tokenJTI}, web(nil)},
		{"a jti that is no string", object{"jti": 1}, refused(authn.ClaimMissing, `claim "jti": not a string`)},
		{"no sub", object{"sub": nil}, refused(authn.ClaimMissing, `claim "sub": missing`)},
		{"another's sub", object{"sub": "system:serviceaccount:kube-system:web"}, refused(authn.Malformed, `"sub" "system:serviceaccount:kube-system:web" is not the account, "system:serviceaccount:default:web"`)},
		{"no namespace", object{legacyPrefix + "namespace": nil}, refused(authn.ClaimMissing, `claim "kubernetes.io/serviceaccount/namespace": missing`)},
		{"a dot in the namespace", object{legacyPrefix + "namespace": "a.b"}, refused(authn.Malformed, `claim "kubernetes.io/serviceaccount/namespace": "a.b" is no name in Kubernetes`)},
		{"no secret", object{legacyPrefix + "secret.name": nil}, refused(authn.ClaimMissing, `claim "kubernetes.io/serviceaccount/secret.name": missing`)},
		{"no account", object{legacyPrefix + "service-account.name": ""}, refused(authn.Malformed, `claim "kubernetes.io/serviceaccount/service-account.name": "" is no name in Kubernetes`)},
		{"no uid", object{legacyPrefix + "service-account.uid": nil}, refused(authn.ClaimMissing, `claim "kubernetes.io/serviceaccount/service-account.uid": missing`)},
		{"claims of others", object{legacyPrefix + "namespace": nil, "kubernetes.io": bound(nil)["kubernetes.io"]}, refused(authn.ClaimMissing, `claim "kubernetes.io/serviceaccount/namespace": missing`)},
	} {
		require.Equal(t, row.want, ask(t, auth, legacyToken(issuer, row.changes)), row.name)
	}
	resp, _, err := auth.AuthenticateToken(t.Context(), legacyToken(issuer, nil))
	require.NoError(t, err)
	_, known := authn.ExpiryOf(resp.User)
	require.False(t, known)
	ctx := authenticator.WithAudiences(t.Context(), authenticator.Audiences{"vault"})
	require.Equal(t, refused(authn.WrongAudience, `the token is for "api", not for any of ["vault"]`), askUnder(t, ctx, auth, legacyToken(issuer, nil)))
}

// A cluster that signs with the issuer of legacy tokens has both kinds.
func TestLegacyIssuerOfBoundTokens(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	token := legacyToken(issuer, nil)
	k.objects["Secret default/web-token"] = serviceaccount.Object{UID: "s", Token: []byte(token)}
	both := func(c *serviceaccount.Config, _ *serviceaccount.Options) {
		c.Legacy, c.Issuers = true, []string{serviceaccount.LegacyIssuer}
	}
	auth := newAuth(t, keysOf(issuer), k, both)
	require.Equal(t, legacyWeb(), ask(t, auth, token))
	require.Equal(t, web(nil), ask(t, auth, issuer.Sign("RS256", with(bound(nil), object{"iss": serviceaccount.LegacyIssuer}), nil)))
	require.Equal(t, refused(authn.ClaimMissing, `claim "exp": missing`), ask(t, auth, issuer.Sign("RS256", with(bound(nil), object{"iss": serviceaccount.LegacyIssuer, "exp": nil}), nil)))
	newest := newAuth(t, keysOf(issuer), k, both, func(c *serviceaccount.Config, _ *serviceaccount.Options) { c.Legacy = false })
	require.Equal(t, refused(authn.WrongAudience, `claim "aud": missing`), ask(t, newest, token))
}

// Without the look-up of legacy tokens, others are looked up all the same.
func TestSkipLegacyLookup(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	var told []serviceaccount.LegacyToken
	auth := newAuth(t, keysOf(issuer), k, legacy, func(_ *serviceaccount.Config, o *serviceaccount.Options) {
		o.SkipLegacyLookup, o.LegacyUsed = true, collect(&told)
	})
	delete(k.objects, "ServiceAccount default/web")
	require.Equal(t, legacyWeb(), ask(t, auth, legacyToken(issuer, nil)))
	require.Empty(t, k.asked)
	require.Empty(t, told)
	require.Equal(t, revoked("ServiceAccount default/web: not found"), ask(t, auth, issuer.Sign("ES256", bound(nil), nil)))
}

// Uses of legacy tokens are told of, also of those marked invalid.
func TestLegacyUsed(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	var told []serviceaccount.LegacyToken
	auth := newAuth(t, keysOf(issuer), k, legacy, func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.LegacyUsed = collect(&told) })
	token := legacyToken(issuer, nil)
	want := serviceaccount.LegacyToken{
		Subject: "system:serviceaccount:default:web", LastUsed: "2025-11-30",
		Secret: serviceaccount.Reference{Kind: serviceaccount.Secret, Namespace: "default", Name: "web-token", UID: "s"},
	}
	k.objects["Secret default/web-token"] = serviceaccount.Object{UID: "s", Token: []byte(token), LastUsed: "2025-11-30"}
	require.Equal(t, legacyWeb(), ask(t, auth, token))
	require.Equal(t, []serviceaccount.LegacyToken{want}, told)

	k.objects["ServiceAccount default/web"] = serviceaccount.Object{UID: "account-uid", Secrets: []string{"x", "web-token"}}
	require.Equal(t, legacyWeb(), ask(t, auth, token))
	want.Generated = true
	require.Equal(t, want, told[1])

	k.objects["Secret default/web-token"] = serviceaccount.Object{UID: "s", Token: []byte(token), LastUsed: "2025-11-30", InvalidSince: "2025-12-01"}
	require.Equal(t, authn.Revoked, ask(t, auth, token).reason)
	want.InvalidSince = "2025-12-01"
	require.Equal(t, want, told[2])
	explain(auth, token)
	require.Len(t, told, 3)

	k.objects["Secret default/web-token"] = serviceaccount.Object{UID: "s", Token: []byte("x"), Deleted: noon.Add(-time.Hour)}
	require.Equal(t, authn.Revoked, ask(t, auth, token).reason)
	require.Len(t, told, 3)
}
