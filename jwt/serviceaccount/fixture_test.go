package serviceaccount_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

const (
	cluster  = "https://kubernetes.default.svc.cluster.local"
	api      = "api"
	tokenJTI = "5d8a6e0c"
)

// noon is what the clocks show.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

type object = map[string]any

// kubernetes are the objects of a cluster, by kind and name.
type kubernetes struct {
	mu      sync.Mutex
	objects map[string]serviceaccount.Object
	errs    map[string]error
	asked   []string
}

func newKubernetes() *kubernetes {
	k := &kubernetes{objects: map[string]serviceaccount.Object{}, errs: map[string]error{}}
	for name, uid := range map[string]string{
		"ServiceAccount default/web": "account-uid", "Pod default/web-1": "pod-uid", "Secret default/bound": "secret-uid",
		"Node n1": "node-uid", "ValidatingWebhookConfiguration checks": "checks-uid", "MutatingWebhookConfiguration changes": "changes-uid",
	} {
		k.objects[name] = serviceaccount.Object{UID: uid}
	}
	return k
}

func (k *kubernetes) Object(_ context.Context, r serviceaccount.Reference) (serviceaccount.Object, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, r.String())
	if err := k.errs[r.String()]; err != nil {
		return serviceaccount.Object{}, err
	}
	o, ok := k.objects[r.String()]
	if !ok {
		return o, serviceaccount.ErrNotFound
	}
	return o, nil
}

func newIssuer(t testing.TB) *authntest.Issuer {
	t.Helper()
	issuer := authntest.NewIssuer(t)
	issuer.SetNow(func() time.Time { return noon })
	return issuer
}

// keysOf returns the issuer's current keys.
func keysOf(issuer *authntest.Issuer) jwt.StaticKeys {
	var keys jwt.StaticKeys
	for _, alg := range []string{"RS256", "ES256", "ES384"} {
		keys = append(keys, jwt.Key{ID: issuer.KeyID(alg), Public: issuer.PublicKey(alg)})
	}
	return keys
}

type edit = func(*serviceaccount.Config, *serviceaccount.Options)

// newAuth returns an authenticator of cluster's tokens for the API, at noon.
func newAuth(t testing.TB, keys jwt.KeySet, objects serviceaccount.Objects, edits ...edit) *serviceaccount.Authenticator {
	t.Helper()
	c := serviceaccount.Config{Issuers: []string{cluster}, Audiences: authenticator.Audiences{api}, Keys: keys, Objects: objects}
	o := serviceaccount.Options{Now: func() time.Time { return noon }}
	for _, e := range edits {
		e(&c, &o)
	}
	auth, err := serviceaccount.New(c, &o)
	require.NoError(t, err)
	return auth
}

func noLookup(c *serviceaccount.Config, _ *serviceaccount.Options) {
	c.Objects, c.SkipLookup = nil, true
}

func ref(name, uid string) object { return object{"name": name, "uid": uid} }

// bound returns the claims of a token that is bound to what private says, besides its
// account.
func bound(private object) object {
	k := object{"namespace": "default", "serviceaccount": ref("web", "account-uid")}
	maps.Copy(k, private)
	return object{
		"iss": cluster, "sub": "system:serviceaccount:default:web", "aud": []string{api}, "jti": tokenJTI,
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "kubernetes.io": k,
	}
}

// with returns claims with others in their place. Nil takes one away.
func with(claims, changes object) object {
	claims = maps.Clone(claims)
	maps.Copy(claims, changes)
	return claims
}

// answer is what an authenticator made of a token. The text is without the package and
// the issuer.
type answer struct {
	user      *user.DefaultInfo
	audiences authenticator.Audiences
	reason    authn.Reason
	text      string
}

// notMine is the reason of answers without one.
const notMine authn.Reason = "not mine"

func ask(t testing.TB, auth authenticator.Token, token string) answer {
	t.Helper()
	return askUnder(t, context.Background(), auth, token)
}

func askUnder(t testing.TB, ctx context.Context, auth authenticator.Token, token string) answer {
	t.Helper()
	ctx, trace := authn.WithTrace(ctx)
	resp, ok, err := authn.AskToken(ctx, auth, token)
	switch {
	case ok:
		require.NoError(t, err)
		u := resp.User
		return answer{user: &user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: u.GetExtra()}, audiences: resp.Audiences}
	case err != nil:
		require.Nil(t, resp)
		require.True(t, authn.IsMine(err), "%v", err)
		text, own := strings.CutPrefix(err.Error(), "serviceaccount: issuer ")
		require.True(t, own, "%v", err)
		_, text, _ = strings.Cut(text, `": `)
		return answer{reason: authn.ReasonOf(err), text: text}
	}
	return answer{reason: notMine, text: trace.Result().Links[0].Detail}
}

func refused(reason authn.Reason, text string) answer { return answer{reason: reason, text: text} }

func revoked(text string) answer { return refused(authn.Revoked, text) }

// web returns the user of a token of the account, with more extra attributes than its id.
func web(extra map[string][]string) answer {
	all := map[string][]string{"authentication.kubernetes.io/credential-id": {"JTI=" + tokenJTI}}
	maps.Copy(all, extra)
	return answer{user: &user.DefaultInfo{
		Name: "system:serviceaccount:default:web", UID: "account-uid",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:default"}, Extra: all,
	}, audiences: authenticator.Audiences{api}}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

var errDown = errors.New("connection refused")
