package authntest

import (
	"bytes"
	"crypto"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/keys"
)

// Issuer is an OpenID provider in this process, reached over TLS. It publishes
// its discovery document (OpenID Connect Discovery 1.0, section 4) and, at /keys,
// its key set (RFC 7517): an RSA key of 2048 bits for RS* and PS*, a key on each
// of P-256, P-384 and P-521 for ES*, and an Ed25519 key for EdDSA.
//
// Its key ids depend on nothing but the number of rotations, so two issuers use
// the same ids for different keys.
type Issuer struct {
	*server
	generations, fetches, discoveries atomic.Int64

	mu           sync.Mutex
	clock        func() time.Time // nil: time.Now
	current, old []key
	extra        []json.RawMessage
	cacheControl string
}

// NewIssuer starts an issuer that runs until t's cleanup.
func NewIssuer(t T) *Issuer {
	t.Helper()
	i := &Issuer{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+discoveryPath, i.serveDiscovery)
	mux.HandleFunc("GET "+keysPath, i.serveKeys)
	i.server = newServer(t, mux, i.count)
	i.Rotate()
	return i
}

// Rotate makes a new current key for every algorithm, under a new id. The keys
// before stay in the key set until [Issuer.Withdraw].
func (i *Issuer) Rotate() {
	i.t.Helper()
	keys, err := newKeys(i.generations.Add(1))
	if err != nil {
		i.t.Fatalf("authntest: %v", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.old = append(i.old, i.current...)
	i.current = keys
}

// Withdraw takes everything out of the key set but the current keys.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.old, i.extra = nil, nil
}

// Publish adds members to the end of the key set, for key sets that no issuer
// should have. A json.RawMessage goes out as it is, even when it is not JSON;
// anything else, such as a map[string]any, goes out as its JSON.
func (i *Issuer) Publish(members ...any) {
	i.t.Helper()
	var extra []json.RawMessage
	for _, m := range members {
		raw, ok := m.(json.RawMessage)
		if !ok {
			var err error
			if raw, err = json.Marshal(m); err != nil {
				i.t.Fatalf("authntest: member of the key set: %v", err)
			}
		}
		extra = append(extra, bytes.Clone(raw))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.extra = append(i.extra, extra...)
}

// KeySet returns the key set as the issuer serves it, for tests that read it
// from a file.
func (i *Issuer) KeySet() []byte {
	i.t.Helper()
	set, err := i.keySet()
	if err != nil {
		i.t.Fatalf("authntest: key set: %v", err)
	}
	return set
}

// KeyID returns the id of the current key for alg.
func (i *Issuer) KeyID(alg string) string {
	i.t.Helper()
	return i.key(alg).id
}

// PublicKey returns the public half of the current key for alg: an
// *rsa.PublicKey, an *ecdsa.PublicKey or an ed25519.PublicKey.
func (i *Issuer) PublicKey(alg string) crypto.PublicKey {
	i.t.Helper()
	return i.key(alg).signer.Public()
}

// CacheControl sets the Cache-Control header of the key set; "" sends none.
func (i *Issuer) CacheControl(value string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cacheControl = value
}

// SetNow sets the issuer's clock, which dates its tokens; nil is time.Now.
func (i *Issuer) SetNow(now func() time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = now
}

// KeyFetches returns how many requests for the key set have arrived since
// [NewIssuer], whatever the answer was.
func (i *Issuer) KeyFetches() int { return int(i.fetches.Load()) }

// Discoveries returns how many requests for the discovery document have arrived
// since [NewIssuer], whatever the answer was.
func (i *Issuer) Discoveries() int { return int(i.discoveries.Load()) }

func (i *Issuer) count(path string, _ []byte) {
	switch path {
	case keysPath:
		i.fetches.Add(1)
	case discoveryPath:
		i.discoveries.Add(1)
	}
}

func (i *Issuer) now() time.Time {
	i.mu.Lock()
	clock := i.clock
	i.mu.Unlock()
	if clock == nil {
		return time.Now()
	}
	return clock()
}

func (i *Issuer) key(alg string) key {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	n := slices.IndexFunc(i.current, func(k key) bool { return k.family == familyOf(alg) })
	if n < 0 {
		i.t.Fatalf("authntest: no key for the algorithm %q", alg)
	}
	return i.current[n]
}

func (i *Issuer) keySet() ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var members [][]byte
	for _, k := range slices.Concat(i.current, i.old) {
		jwk, err := k.jwk()
		if err != nil {
			return nil, err
		}
		member, err := json.Marshal(jwk)
		if err != nil {
			return nil, err
		}
		members = append(members, member)
	}
	for _, raw := range i.extra {
		members = append(members, raw)
	}
	// Joined by hand: json.Marshal would mend or refuse what Publish was given.
	return slices.Concat([]byte(`{"keys":[`), bytes.Join(members, []byte(",")), []byte("]}")), nil
}

func (i *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"issuer":                                i.URL(),
		"jwks_uri":                              i.URL() + keysPath,
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	set, err := i.keySet()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	i.mu.Lock()
	cacheControl := i.cacheControl
	i.mu.Unlock()
	if cacheControl != "" {
		w.Header().Set("Cache-Control", cacheControl)
	}
	w.Header().Set("Content-Type", "application/jwk-set+json") // RFC 7517, section 8.5.2
	w.Write(set)
}
