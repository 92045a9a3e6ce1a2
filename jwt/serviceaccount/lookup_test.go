package serviceaccount_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// What a token depends on must be there, be the same, and not have been deleted more than
// a minute ago.
func TestLookUps(t *testing.T) {
	issuer := newIssuer(t)
	attests := object{"admissionReviewAPIGroups": []string{"apps"}}
	for _, row := range []struct {
		name, uid string
		token     string
	}{
		{"ServiceAccount default/web", "account-uid", issuer.Sign("ES256", bound(nil), nil)},
		{"Pod default/web-1", "pod-uid", issuer.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid"), "node": ref("n1", "node-uid")}), nil)},
		{"Secret default/bound", "secret-uid", issuer.Sign("ES256", bound(object{"secret": ref("bound", "secret-uid")}), nil)},
		{"Node n1", "node-uid", issuer.Sign("ES256", bound(object{"node": ref("n1", "node-uid")}), nil)},
		{"ValidatingWebhookConfiguration checks", "checks-uid", issuer.Sign("ES256", bound(object{"validatingwebhookconfiguration": ref("checks", "checks-uid"), "attestations": attests}), nil)},
		{"MutatingWebhookConfiguration changes", "changes-uid", issuer.Sign("ES256", bound(object{"mutatingwebhookconfiguration": ref("changes", "changes-uid"), "attestations": attests}), nil)},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKubernetes()
			auth := newAuth(t, keysOf(issuer), k)
			be := func(o serviceaccount.Object) { k.objects[row.name] = o }
			require.NotNil(t, ask(t, auth, row.token).user)

			be(serviceaccount.Object{UID: row.uid, Deleted: noon.Add(time.Hour)})
			require.NotNil(t, ask(t, auth, row.token).user)
			be(serviceaccount.Object{UID: row.uid, Deleted: noon.Add(-60 * time.Second)})
			require.NotNil(t, ask(t, auth, row.token).user)
			be(serviceaccount.Object{UID: row.uid, Deleted: noon.Add(-61 * time.Second)})
			require.Equal(t, revoked(row.name+": deleted at 2026-01-01T11:58:59Z"), ask(t, auth, row.token))
			be(serviceaccount.Object{UID: "other"})
			require.Equal(t, revoked(row.name+`: has the uid "other", and the token is for "`+row.uid+`"`), ask(t, auth, row.token))
			be(serviceaccount.Object{})
			require.Equal(t, revoked(row.name+`: has the uid "", and the token is for "`+row.uid+`"`), ask(t, auth, row.token))
			delete(k.objects, row.name)
			require.Equal(t, revoked(row.name+": not found"), ask(t, auth, row.token))

			k.errs[row.name] = errDown
			require.Equal(t, refused(authn.Unavailable, row.name+": connection refused"), ask(t, auth, row.token))
			k.errs[row.name] = context.Canceled
			require.Equal(t, refused(authn.Unavailable, row.name+": context canceled"), ask(t, auth, row.token))
			k.errs[row.name] = authn.Errorf(authn.RuleFailed, "not on Sundays")
			require.Equal(t, refused(authn.RuleFailed, row.name+": not on Sundays"), ask(t, auth, row.token))
		})
	}
}

// A token bound to several objects ends with any of them.
func TestSeveralBindings(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	auth := newAuth(t, keysOf(issuer), k)
	token := issuer.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid"), "secret": ref("bound", "secret-uid")}), nil)
	require.NotNil(t, ask(t, auth, token).user)
	delete(k.objects, "Pod default/web-1")
	require.Equal(t, revoked("Pod default/web-1: not found"), ask(t, auth, token))
	delete(k.objects, "Secret default/bound")
	require.Equal(t, revoked("Secret default/bound: not found"), ask(t, auth, token))
}

func TestAudiences(t *testing.T) {
	issuer := newIssuer(t)
	own := func(c *serviceaccount.Config, _ *serviceaccount.Options) {
		c.Audiences = authenticator.Audiences{api, "api2"}
	}
	unset := func(c *serviceaccount.Config, _ *serviceaccount.Options) {
		c.Audiences, c.Issuers = nil, []string{cluster, "https://old.example.com"}
	}
	for _, row := range []struct {
		name   string
		edit   edit
		aud    any
		wanted authenticator.Audiences // of the context; nil: none
		want   authenticator.Audiences // nil: refused
		text   string
	}{
		{"one", own, api, nil, authenticator.Audiences{api}, ""},
		{"one of two", own, []string{"x", "api2"}, nil, authenticator.Audiences{"api2"}, ""},
		{"both", own, []string{"api2", "x", api}, nil, authenticator.Audiences{api, "api2"}, ""},
		{"another", own, "x", nil, nil, `the token is for "x", not for any of ["api" "api2"]`},
		{"asked for", own, []string{"x", "y"}, authenticator.Audiences{"y", "z"}, authenticator.Audiences{"y"}, ""},
		{"the API's, not asked for", own, api, authenticator.Audiences{"y"}, nil, `the token is for "api", not for any of ["y"]`},
		{"none asked for", own, api, authenticator.Audiences{}, nil, `the token is for "api", not for any of []`},
		{"an issuer", unset, "https://old.example.com", nil, authenticator.Audiences{"https://old.example.com"}, ""},
		{"no issuer", unset, api, nil, nil, `the token is for "api", not for any of ["` + cluster + `" "https://old.example.com"]`},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := t.Context()
			if row.wanted != nil {
				ctx = authenticator.WithAudiences(ctx, row.wanted)
			}
			want := refused(authn.WrongAudience, row.text)
			if row.want != nil {
				want = web(nil)
				want.audiences = row.want
			}
			token := issuer.Sign("ES256", with(bound(nil), object{"aud": row.aud}), nil)
			require.Equal(t, want, askUnder(t, ctx, newAuth(t, keysOf(issuer), newKubernetes(), row.edit), token))
		})
	}
}
