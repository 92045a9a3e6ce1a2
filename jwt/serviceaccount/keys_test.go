package serviceaccount_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// keySet is a set of keys that changes when a test says so.
type keySet struct {
	keys       jwt.StaticKeys
	generation uint64
	err        error
}

func (k *keySet) Keys(ctx context.Context, id string) ([]jwt.Key, error) {
	if k.err != nil {
		return nil, k.err
	}
	return k.keys.Keys(ctx, id)
}
func (k *keySet) Generation() uint64 { return k.generation }
func (k *keySet) HealthCheck() error { return k.err }

// pemOf returns the public key for alg, and what kube-apiserver calls it.
func pemOf(t *testing.T, key any) (block []byte, id string) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	sum := sha256.Sum256(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), b64(sum[:])
}

// Of many keys in PEM, the one that "kid" names is found as kube-apiserver finds it, and
// no other is tried.
func TestKeysInPEM(t *testing.T) {
	issuer := newIssuer(t)
	var file bytes.Buffer
	for range 40 {
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		block, _ := pemOf(t, other.Public())
		file.Write(block)
	}
	es, esID := pemOf(t, issuer.PublicKey("ES256"))
	rs, rsID := pemOf(t, issuer.PublicKey("RS256"))
	file.Write(es)
	file.Write(rs)
	keys, err := jwt.ParseKeys(file.Bytes())
	require.NoError(t, err)
	auth := newAuth(t, keys, newKubernetes())
	for range 2 {
		require.Equal(t, web(nil), ask(t, auth, issuer.Sign("ES256", bound(nil), object{"kid": esID})))
		require.Equal(t, web(nil), ask(t, auth, issuer.Sign("RS256", bound(nil), object{"kid": rsID})))
		require.Equal(t, web(nil), ask(t, auth, issuer.Sign("RS256", bound(nil), object{"kid": nil})))
		require.Equal(t, refused(authn.UnknownKey, `no key "`+rsID+`" for ES256 among the issuer's`), ask(t, auth, issuer.Sign("ES256", bound(nil), object{"kid": rsID})))
		require.Equal(t, refused(authn.UnknownKey, `no key "old" for ES256 among the issuer's`), ask(t, auth, issuer.Sign("ES256", bound(nil), object{"kid": "old"})))
	}
	require.Equal(t, refused(authn.BadSignature, `there is no "kid", and the signature is not one of the issuer's keys that were tried`), ask(t, auth, issuer.Sign("ES256", bound(nil), object{"kid": nil})))

	ed := newAuth(t, jwt.StaticKeys{{Public: issuer.PublicKey("EdDSA")}}, newKubernetes(), func(_ *serviceaccount.Config, o *serviceaccount.Options) { o.Algorithms = []string{"EdDSA"} })
	_, edID := pemOf(t, issuer.PublicKey("EdDSA"))
	require.Equal(t, web(nil), ask(t, ed, issuer.Sign("EdDSA", bound(nil), object{"kid": edID})))
}

// Keys in a file follow it.
func TestKeysInAFile(t *testing.T) {
	issuer, path, now := newIssuer(t), filepath.Join(t.TempDir(), "sa.pub"), noon
	write := func() (kid string) {
		block, id := pemOf(t, issuer.PublicKey("ES256"))
		require.NoError(t, os.WriteFile(path+".new", block, 0o600))
		require.NoError(t, os.Chtimes(path+".new", now, now))
		require.NoError(t, os.Rename(path+".new", path))
		now = now.Add(time.Minute)
		return id
	}
	first := write()
	keys, err := jwt.File(path, &jwt.FileOptions{Now: func() time.Time { return now }})
	require.NoError(t, err)
	auth := newAuth(t, keys, newKubernetes())
	old := issuer.Sign("ES256", bound(nil), object{"kid": first})
	require.Equal(t, web(nil), ask(t, auth, old))
	before := auth.Generation()
	issuer.Rotate()
	second := write()
	require.Greater(t, auth.Generation(), before)
	require.Equal(t, web(nil), ask(t, auth, issuer.Sign("ES256", bound(nil), object{"kid": second})))
	require.Equal(t, refused(authn.UnknownKey, `no key "`+first+`" for ES256 among the issuer's`), ask(t, auth, old))
	require.NoError(t, auth.HealthCheck())
}

// Without keys, what no key could make good is refused, and the rest unavailable.
func TestNoKeys(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	auth := newAuth(t, &keySet{err: errDown}, k)
	require.Equal(t, refused(authn.Unavailable, "keys: connection refused"), ask(t, auth, issuer.Sign("ES256", bound(nil), nil)))
	require.Equal(t, authn.Expired, ask(t, auth, issuer.Sign("ES256", with(bound(nil), object{"exp": 1}), nil)).reason)
	require.Equal(t, authn.WrongAudience, ask(t, auth, issuer.Sign("ES256", with(bound(nil), object{"aud": "x"}), nil)).reason)
	require.Equal(t, authn.ClaimMissing, ask(t, auth, issuer.Sign("ES256", with(bound(nil), object{"kubernetes.io": nil}), nil)).reason)
	require.Empty(t, k.asked)
	require.EqualError(t, auth.HealthCheck(), "serviceaccount: connection refused")
	require.EqualError(t, auth.Preload(t.Context()), "serviceaccount: keys: connection refused")
}

// Another cluster's token of the same issuer is for its own authenticator.
func TestAnotherCluster(t *testing.T) {
	ours, theirs := newIssuer(t), authntest.NewIssuer(t)
	theirs.SetNow(func() time.Time { return noon })
	auth := newAuth(t, keysOf(ours), newKubernetes())
	require.Equal(t, refused(authn.BadSignature, `the signature is not one of the issuer's key "`+ours.KeyID("ES256")+`"`), ask(t, auth, theirs.Sign("ES256", bound(nil), nil)))
}

// A token without "kid" has keys fetched that are not known yet.
func TestRefresh(t *testing.T) {
	s := newAPIServer(t)
	auth := newAuth(t, s.cluster(t).Keys(), newKubernetes())
	token := func() string { return s.Sign("ES256", bound(nil), object{"kid": nil}) }
	require.Equal(t, web(nil), ask(t, auth, token()))
	s.Rotate()
	require.Equal(t, web(nil), ask(t, auth, token()))
}
