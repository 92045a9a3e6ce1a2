package parity

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	oidcv3 "github.com/coreos/go-oidc/v3/oidc"
	jose4 "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	golangjwt "github.com/golang-jwt/jwt/v5"
)

// libraries are the ways of those who put a verifier together themselves, with
// the library's own checks of "iss", "aud" and "exp".
func (b bench) libraries(alg, token string) []way {
	return []way{
		other("go-jose v4", b.goJose(alg, token)),
		other("golang-jwt v5", b.golangJWT(alg, token)),
		other("go-oidc v3", b.goOIDC(alg, token)),
	}
}

// readable looks at the name and the groups that a way has read.
func readable(name string, groups []string) error {
	if name != benchSubject || len(groups) != len(benchGroups) {
		return fmt.Errorf("%q of %q", name, groups)
	}
	return nil
}

func (b bench) goJose(alg, token string) func() error {
	var set jose4.JSONWebKeySet
	for _, k := range b.keys {
		set.Keys = append(set.Keys, jose4.JSONWebKey{KeyID: k.id, Key: k.key.Public()})
	}
	algorithms := []jose4.SignatureAlgorithm{jose4.SignatureAlgorithm(alg)}
	return func() error {
		jws, err := jose4.ParseSignedCompact(token, algorithms)
		if err != nil {
			return err
		}
		payload, err := jws.Verify(&set)
		if err != nil {
			return err
		}
		var claims struct {
			josejwt.Claims
			Groups []string `json:"groups"`
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			return err
		}
		if claims.Expiry == nil {
			return errors.New("no exp")
		}
		if err := claims.Validate(josejwt.Expected{Issuer: issuerURL(1), AnyAudience: josejwt.Audience{"api"}, Time: time.Now()}); err != nil {
			return err
		}
		return readable(claims.Subject, claims.Groups)
	}
}

func (b bench) golangJWT(alg, token string) func() error {
	keys := make(map[string]crypto.PublicKey)
	for _, k := range b.keys {
		keys[k.id] = k.key.Public()
	}
	key := func(t *golangjwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key, ok := keys[id]; ok {
			return key, nil
		}
		return nil, errors.New("no such key")
	}
	parser := golangjwt.NewParser(golangjwt.WithValidMethods([]string{alg}), golangjwt.WithIssuer(issuerURL(1)), golangjwt.WithAudience("api"), golangjwt.WithExpirationRequired())
	return func() error {
		var claims struct {
			golangjwt.RegisteredClaims
			Groups []string `json:"groups"`
		}
		if _, err := parser.ParseWithClaims(token, &claims, key); err != nil {
			return err
		}
		return readable(claims.Subject, claims.Groups)
	}
}

// goOIDC has no more than the one key, as its static key sets do not choose.
func (b bench) goOIDC(alg, token string) func() error {
	keys := &oidcv3.StaticKeySet{PublicKeys: []crypto.PublicKey{b.key(alg).key.Public()}}
	verifier := oidcv3.NewVerifier(issuerURL(1), keys, &oidcv3.Config{ClientID: "api", SupportedSigningAlgs: []string{alg}})
	ctx := context.Background()
	return func() error {
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return err
		}
		var claims struct {
			Groups []string `json:"groups"`
		}
		if err := verified.Claims(&claims); err != nil {
			return err
		}
		return readable(verified.Subject, claims.Groups)
	}
}
