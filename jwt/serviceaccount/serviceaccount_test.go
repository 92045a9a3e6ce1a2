package serviceaccount_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

const extra = "authentication.kubernetes.io/"

// Every kind of binding has the user that kube-apiserver gives it.
func TestUsers(t *testing.T) {
	issuer := newIssuer(t)
	auth := newAuth(t, keysOf(issuer), newKubernetes())
	attests := object{"admissionReviewAPIGroups": []string{"apps"}}
	for _, row := range []struct {
		name    string
		private object
		want    map[string][]string
		lookUps []string
	}{
		{"no binding", nil, nil, nil},
		{"pod", object{"pod": ref("web-1", "pod-uid")}, map[string][]string{extra + "pod-name": {"web-1"}, extra + "pod-uid": {"pod-uid"}}, []string{"Pod default/web-1"}},
		{
			"pod on a node that is gone", object{"pod": ref("web-1", "pod-uid"), "node": ref("n9", "n9-uid")},
			map[string][]string{extra + "pod-name": {"web-1"}, extra + "pod-uid": {"pod-uid"}, extra + "node-name": {"n9"}, extra + "node-uid": {"n9-uid"}}, []string{"Pod default/web-1"},
		},
		{
			"pod on a node without a uid", object{"pod": ref("web-1", "pod-uid"), "node": object{"name": "n9"}},
			map[string][]string{extra + "pod-name": {"web-1"}, extra + "pod-uid": {"pod-uid"}, extra + "node-name": {"n9"}}, []string{"Pod default/web-1"},
		},
		{"secret", object{"secret": ref("bound", "secret-uid")}, nil, []string{"Secret default/bound"}},
		{"node", object{"node": ref("n1", "node-uid")}, map[string][]string{extra + "node-name": {"n1"}, extra + "node-uid": {"node-uid"}}, []string{"Node n1"}},
		{
			"validating webhook", object{"validatingwebhookconfiguration": ref("checks", "checks-uid"), "attestations": attests},
			map[string][]string{
				extra + "validatingwebhookconfiguration-name": {"checks"}, extra + "validatingwebhookconfiguration-uid": {"checks-uid"},
				"attestation." + extra + "admissionReviewAPIGroups": {"apps"},
			}, []string{"ValidatingWebhookConfiguration checks"},
		},
		{
			"mutating webhook", object{"mutatingwebhookconfiguration": ref("changes", "changes-uid"), "attestations": object{"admissionReviewAPIGroups": []string{"*"}}},
			map[string][]string{
				extra + "mutatingwebhookconfiguration-name": {"changes"}, extra + "mutatingwebhookconfiguration-uid": {"changes-uid"},
				"attestation." + extra + "admissionReviewAPIGroups": {"*"},
			}, []string{"MutatingWebhookConfiguration changes"},
		},
		{"attestations of no webhook", object{"attestations": attests}, nil, nil},
		{"what nobody knows", object{"namespaces": 1, "Pod": 2, "gadget": ref("g", "u")}, nil, nil},
		{"warnafter of no time", object{"warnafter": 0}, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKubernetes()
			looking := newAuth(t, keysOf(issuer), k)
			token := issuer.Sign("RS256", bound(row.private), nil)
			require.Equal(t, web(row.want), ask(t, looking, token))
			require.Equal(t, append([]string{"ServiceAccount default/web"}, row.lookUps...), k.asked)
			require.Equal(t, web(row.want), ask(t, newAuth(t, keysOf(issuer), nil, noLookup), token))
		})
	}
	anonymous := web(nil)
	anonymous.user.Extra = nil
	require.Equal(t, anonymous, ask(t, auth, issuer.Sign("ES256", with(bound(nil), object{"jti": nil}), nil)))
}

// A signed token that does not say all it must is refused, whether or not anything is
// looked up, and nothing is looked up for it.
func TestClaims(t *testing.T) {
	const sub = "system:serviceaccount:default:web"
	private := func(changes object) object {
		return object{"kubernetes.io": with(object{"namespace": "default", "serviceaccount": ref("web", "account-uid")}, changes)}
	}
	long := strings.Repeat("a", 254)
	issuer := newIssuer(t)
	for _, row := range []struct {
		name    string
		changes object
		want    answer
	}{
		{"nothing of Kubernetes", object{"kubernetes.io": nil}, refused(authn.ClaimMissing, `claim "kubernetes.io": missing`)},
		{"a string", object{"kubernetes.io": "default/web"}, refused(authn.ClaimMissing, `claim "kubernetes.io": not an object`)},
		{"null", object{"kubernetes.io": json.RawMessage("null")}, refused(authn.ClaimMissing, `claim "kubernetes.io": not an object`)},
		{"in capitals", object{"kubernetes.io": nil, "Kubernetes.io": object{}}, refused(authn.ClaimMissing, `claim "kubernetes.io": missing`)},
		{"no namespace", private(object{"namespace": nil}), refused(authn.ClaimMissing, `kubernetes.io: claim "namespace": not a string`)},
		{"empty namespace", private(object{"namespace": ""}), refused(authn.Malformed, `kubernetes.io: claim "namespace": "" is no name in Kubernetes`)},
		{"namespace with a colon", private(object{"namespace": "default:web"}), refused(authn.Malformed, `kubernetes.io: claim "namespace": "default:web" is no name in Kubernetes`)},
		{"namespace with a dot", private(object{"namespace": "de.fault"}), refused(authn.Malformed, `kubernetes.io: claim "namespace": "de.fault" is no name in Kubernetes`)},
		{"no account", private(object{"serviceaccount": 1}), refused(authn.ClaimMissing, `kubernetes.io: claim "serviceaccount": not an object`)},
		{"account without a name", private(object{"serviceaccount": object{"uid": "u"}}), refused(authn.ClaimMissing, `kubernetes.io: serviceaccount: claim "name": missing`)},
		{"account without a uid", private(object{"serviceaccount": object{"name": "web"}}), refused(authn.ClaimMissing, `kubernetes.io: serviceaccount: claim "uid": missing`)},
		{"account with an empty uid", private(object{"serviceaccount": ref("web", "")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "uid": "" is no uid`)},
		{"account with a uid of two lines", private(object{"serviceaccount": ref("web", "a\nb")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "uid": "a\nb" is no uid`)},
		{"namespace of 64 letters", private(object{"namespace": long[:64]}), refused(authn.Malformed, `kubernetes.io: claim "namespace": "`+long[:64]+`" is no name in Kubernetes`)},
		{"account with a long name", private(object{"serviceaccount": ref(long, "u")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "name": "`+long[:128]+`"… is no name in Kubernetes`)},
		{"account that begins with a dash", private(object{"serviceaccount": ref("-web", "u")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "name": "-web" is no name in Kubernetes`)},
		{"account that ends with a dash", private(object{"serviceaccount": ref("web-", "u")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "name": "web-" is no name in Kubernetes`)},
		{"account in capitals", private(object{"serviceaccount": ref("Web", "u")}), refused(authn.Malformed, `kubernetes.io: serviceaccount: claim "name": "Web" is no name in Kubernetes`)},
		{"pod of null", private(object{"pod": json.RawMessage("null")}), refused(authn.ClaimMissing, `kubernetes.io: claim "pod": not an object`)},
		{"pod without a uid", private(object{"pod": object{"name": "web-1"}}), refused(authn.ClaimMissing, `kubernetes.io: pod: claim "uid": missing`)},
		{"pod that climbs", private(object{"pod": ref("../secrets/x", "u")}), refused(authn.Malformed, `kubernetes.io: pod: claim "name": "../secrets/x" is no name in Kubernetes`)},
		{"secret without a name", private(object{"secret": object{"uid": "u"}}), refused(authn.ClaimMissing, `kubernetes.io: secret: claim "name": missing`)},
		{"node alone without a uid", private(object{"node": object{"name": "n1"}}), refused(authn.ClaimMissing, `kubernetes.io: node: claim "uid": missing`)},
		{"warnafter in words", private(object{"warnafter": "noon"}), refused(authn.ClaimMissing, `kubernetes.io: claim "warnafter": not a number`)},
		{"webhook without attestations", private(object{"validatingwebhookconfiguration": ref("checks", "checks-uid")}), refused(authn.ClaimMissing, `kubernetes.io: claim "attestations": missing`)},
		{"webhook that attests something else", private(object{"mutatingwebhookconfiguration": ref("changes", "changes-uid"), "attestations": object{"x": []string{"apps"}}}), refused(authn.ClaimMissing, `kubernetes.io: attestations: claim "admissionReviewAPIGroups": missing`)},
		{"webhook that attests nothing", private(object{"validatingwebhookconfiguration": ref("checks", "checks-uid"), "attestations": object{"admissionReviewAPIGroups": []string{}}}), refused(authn.ClaimMissing, `kubernetes.io: attestations: claim "admissionReviewAPIGroups": not a list with an item`)},
		{"webhook that attests a string", private(object{"validatingwebhookconfiguration": ref("checks", "checks-uid"), "attestations": object{"admissionReviewAPIGroups": "apps"}}), refused(authn.ClaimMissing, `kubernetes.io: attestations: claim "admissionReviewAPIGroups": not a list with an item`)},
		{"no sub", object{"sub": nil}, refused(authn.ClaimMissing, `claim "sub": missing`)},
		{"another's sub", object{"sub": sub + "2"}, refused(authn.Malformed, `"sub" "`+sub+`2" is not the account, "`+sub+`"`)},
		{"a jti that is no string", object{"jti": []string{tokenJTI}}, refused(authn.ClaimMissing, `claim "jti": not a string`)},
		{"a jti of null", object{"jti": json.RawMessage("null")}, refused(authn.ClaimMissing, `claim "jti": not a string`)},
		{"no exp", object{"exp": nil}, refused(authn.ClaimMissing, `claim "exp": missing`)},
		{"no aud", object{"aud": nil}, refused(authn.WrongAudience, `claim "aud": missing`)},
		{"aud of nobody", object{"aud": []string{}}, refused(authn.WrongAudience, `the token is for nobody, not for any of ["api"]`)},
		{"aud of others", object{"aud": []string{"vault", "API"}}, refused(authn.WrongAudience, `the token is for "vault", "API", not for any of ["api"]`)},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKubernetes()
			token := issuer.Sign("ES256", with(bound(nil), row.changes), nil)
			require.Equal(t, row.want, ask(t, newAuth(t, keysOf(issuer), k), token))
			require.Empty(t, k.asked)
			require.Equal(t, row.want, ask(t, newAuth(t, keysOf(issuer), nil, noLookup), token))
		})
	}
}

// Tokens of others are nobody's here, and those of the issuers are all taken.
func TestIssuers(t *testing.T) {
	issuer := newIssuer(t)
	auth := newAuth(t, keysOf(issuer), newKubernetes(), func(c *serviceaccount.Config, _ *serviceaccount.Options) {
		c.Issuers = []string{"https://new.example.com", cluster}
	})
	of := func(iss any) string { return issuer.Sign("ES256", with(bound(nil), object{"iss": iss}), nil) }
	require.Equal(t, web(nil), ask(t, auth, of(cluster)))
	require.Equal(t, web(nil), ask(t, auth, of("https://new.example.com")))
	require.Equal(t, refused(notMine, `issued by "https://old.example.com"`), ask(t, auth, of("https://old.example.com")))
	require.Equal(t, refused(notMine, `issued by "kubernetes/serviceaccount"`), ask(t, auth, of(serviceaccount.LegacyIssuer)))
	require.Equal(t, refused(notMine, `issued by ""`), ask(t, auth, of(json.RawMessage(`""`))))
	require.Equal(t, refused(notMine, `issued by "`+cluster+`/"`), ask(t, auth, of(cluster+"/")))
	require.Equal(t, refused(notMine, `not a JWT: not three parts with dots between them`), ask(t, auth, "s3cret"))

	good := of(cluster)
	h, rest, _ := strings.Cut(good, ".")
	p, s, _ := strings.Cut(rest, ".")
	require.Equal(t, refused(authn.Malformed, `signature: not base64url without padding`), ask(t, auth, h+"."+p+".!"+s[1:]))
	require.Equal(t, refused(authn.BadSignature, `the signature is not one of the issuer's key "`+issuer.KeyID("ES256")+`"`), ask(t, auth, h+"."+p+"."+b64(make([]byte, 64))))
	typed := issuer.Sign("ES256", bound(nil), object{"typ": "logout+jwt"})
	require.Equal(t, refused(authn.Malformed, `header: "typ": "logout+jwt": not one of ["JWT" "at+jwt"]`), ask(t, auth, typed))
}
