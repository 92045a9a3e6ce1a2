package jwt

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/authscheme"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/jose"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// DPoP says which proofs of a key are taken (RFC 9449, section 4.3). A proof is
// taken once, also if the clock goes back by up to twice MaxAge. Those taken are
// remembered by one Authenticator in one process, so a cluster of servers takes one on
// each. Nonces of the server (section 9) are not asked for.
type DPoP struct {
	// Algorithms are the signature algorithms that a proof may have. Nil means those
	// that a nil [Config].Algorithms means, and EdDSA.
	Algorithms []string

	// MaxAge is how old a proof may be, and how far ahead of this server's clock.
	// Zero means one minute; it must be between one second and one hour.
	MaxAge time.Duration

	// MaxProofs is how many proofs that could be used again are remembered, of which
	// those of one "sub" may be an eighth, each for up to four times MaxAge. If there are
	// more they are [authn.Unavailable]: by the zero values, if more than 4,300 come in a
	// second, or 540 of one "sub". Zero means 1,048,576; a proof takes about 50 bytes, and a key
	// about 100.
	MaxProofs int

	// URL returns the URL that a request was sent to, as its sender knows it. Nil
	// means what the request says of itself: https if it came over TLS, its Host and
	// its path. Behind a proxy that changes one of them, it must be told. So it should
	// be where requests are answered whatever their Host: else a proof that was made
	// for another server, which takes the same tokens, is good here under that Host.
	URL func(*http.Request) string
}

const (
	defaultProofAge = time.Minute
	defaultProofs   = 1 << 20
	maxProof        = 8 << 10 // bytes
	proofType       = "dpop+jwt"
)

// proofs checks proofs.
type proofs struct {
	algorithms []string
	maxAge     int64 // seconds
	url        func(*http.Request) string
	now        func() time.Time
	taken      *replays
}

func newProofs(d *DPoP, o *Options) (*proofs, error) {
	if d == nil {
		return nil, nil
	}
	p := &proofs{
		algorithms: slices.Clone(d.Algorithms),
		maxAge:     int64(cmp.Or(d.MaxAge, defaultProofAge) / time.Second),
		url:        d.URL,
		now:        o.Now,
		taken:      newReplays(cmp.Or(d.MaxProofs, defaultProofs)),
	}
	switch {
	case p.maxAge < 1 || p.maxAge > int64(time.Hour/time.Second):
		return nil, errors.New("binding: DPoP: MaxAge: must be between one second and one hour")
	case d.MaxProofs < 0:
		return nil, errors.New("binding: DPoP: MaxProofs: must not be negative")
	case d.Algorithms != nil && len(d.Algorithms) == 0:
		return nil, errors.New("binding: DPoP: algorithms: at least one is required")
	}
	for _, name := range d.Algorithms {
		if !jose.Known(name) {
			return nil, fmt.Errorf("binding: DPoP: algorithms: %q: not one of %q", name, jose.Algorithms())
		}
	}
	if d.Algorithms == nil {
		p.algorithms = jose.Algorithms()
	}
	if p.url == nil {
		p.url = ownURL
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p, nil
}

// confirm checks that a request with a token has a proof of the key with a
// thumbprint, and none if the thumbprint is empty (RFC 9449, sections 7.1 and 7.2).
func (p *proofs) confirm(r *http.Request, token, thumbprint string, by owner) error {
	_, isDPoP := authscheme.DPoP(r.Header.Get("Authorization"))
	switch {
	case thumbprint == "" && isDPoP:
		return authn.Errorf(authn.BadProof, "the scheme is DPoP, and the token is bound to no key")
	case thumbprint == "":
		return nil
	case !isDPoP:
		return authn.Errorf(authn.BadProof, "the token is bound to a key, so the scheme must be DPoP")
	}
	headers := r.Header["Dpop"]
	if len(headers) != 1 {
		return authn.Errorf(authn.BadProof, "%d DPoP headers instead of one", len(headers))
	}
	now := p.now()
	c, err := p.check(r, headers[0], token, thumbprint, now)
	if err != nil {
		return authn.Errorf(authn.BadProof, "DPoP proof: %w", err)
	}
	switch p.taken.take(c.id, thumbprint, by, now.Unix(), c.iat+p.maxAge, 2*p.maxAge, authn.Explaining(r.Context())) {
	case replayed:
		return authn.Errorf(authn.BadProof, "DPoP proof: it has been used before")
	case stale:
		return authn.Errorf(authn.BadProof, "DPoP proof: it may have been used before the clock went back")
	case full:
		return &authn.Error{Reason: authn.Unavailable, Err: errors.New("DPoP proof: more of them than can be remembered"), RetryAfter: time.Duration(p.maxAge) * time.Second}
	}
	return nil
}

// use is what a proof is remembered by, and when it was made, in seconds.
type use struct {
	id  string
	iat int64
}

// check returns the use of a proof, if it is one.
func (p *proofs) check(r *http.Request, proof, token, thumbprint string, now time.Time) (use, error) {
	if len(proof) > maxProof {
		return use{}, fmt.Errorf("%d bytes, more than %d", len(proof), maxProof)
	}
	parts, err := jose.Split(proof)
	if err != nil {
		return use{}, err
	}
	key, header, err := p.key(parts.Header)
	if err != nil {
		return use{}, fmt.Errorf("header: %w", err)
	}
	if its, err := jose.Thumbprint(key.Public); err != nil || its != thumbprint { // first: it costs least
		return use{}, errors.New("it is of another key than the token's")
	}
	signature, err := jose.Decode(parts.Signature)
	if err != nil {
		return use{}, fmt.Errorf("signature: %w", err)
	}
	if !key.Verifies(header.Algorithm, parts.Signed, signature) {
		return use{}, errors.New("the signature is not one of its key")
	}
	payload, err := parseClaims(parts.Payload)
	if err != nil {
		return use{}, fmt.Errorf("payload: %w", err)
	}
	return p.checkClaims(Claims{payload}, r, token, now)
}

// key returns the key that a proof says it is signed with.
func (p *proofs) key(encoded string) (jose.Key, jose.Header, error) {
	object, err := jose.HeaderObject(encoded)
	if err != nil {
		return jose.Key{}, jose.Header{}, err
	}
	h, err := jose.HeaderOf(object)
	switch {
	case err != nil:
		return jose.Key{}, h, err
	case !h.Typed || plainType(h.Type) != proofType:
		return jose.Key{}, h, fmt.Errorf(`"typ": %s, not %s`, clip.Quote(h.Type), proofType)
	case !slices.Contains(p.algorithms, h.Algorithm):
		return jose.Key{}, h, fmt.Errorf(`"alg": %s: not one of %q`, clip.Quote(h.Algorithm), p.algorithms)
	}
	jwk := object.Get("jwk")
	if jwk.Missing() {
		return jose.Key{}, h, errors.New(`"jwk": missing`)
	}
	key, err := jose.ParseKey(jwk)
	switch {
	case err != nil:
		return key, h, fmt.Errorf(`"jwk": %w`, err)
	case !key.Fits(h.Algorithm):
		return key, h, fmt.Errorf(`"jwk": does not fit %s`, h.Algorithm)
	}
	return key, h, nil
}

func (p *proofs) checkClaims(c Claims, r *http.Request, token string, now time.Time) (u use, err error) {
	if u.id, err = c.String("jti"); err != nil {
		return u, err
	}
	if u.id == "" {
		return u, errors.New(`claim "jti": empty`)
	}
	sum := sha256.Sum256([]byte(token))
	for _, want := range [...]struct{ claim, value string }{
		{"htm", r.Method}, // RFC 9110, section 9.1: case counts
		{"ath", base64.RawURLEncoding.EncodeToString(sum[:])},
	} {
		got, err := c.String(want.claim)
		if err != nil {
			return u, err
		}
		if got != want.value {
			return u, fmt.Errorf("claim %q: is of another request", want.claim)
		}
	}
	if err := p.checkURL(c, r); err != nil {
		return u, err
	}
	if u.iat, err = c.seconds("iat"); err != nil {
		return u, err
	}
	if age := now.Unix() - u.iat; age > p.maxAge || age < -p.maxAge {
		return u, fmt.Errorf(`claim "iat": %s is more than %s from now`, instant(u.iat), ago(p.maxAge))
	}
	if c.Has("exp") { // RFC 7519, section 4.1.4; RFC 9449 asks for neither
		if err := (leeway{}).checkExpiry(c, now); err != nil {
			return u, err
		}
	}
	return u, notAhead(c, "nbf", now, p.maxAge)
}

func (p *proofs) checkURL(c Claims, r *http.Request) error {
	text, err := get(c, "htu", strictjson.Value.Text)
	if err != nil {
		return err
	}
	got, err := normalURL(text)
	if err != nil {
		return errors.New(`claim "htu": not an http URL`)
	}
	want, err := normalURL(p.url(r))
	if err != nil {
		return errors.New("the request's own URL is none")
	}
	if got != want {
		return fmt.Errorf(`claim "htu": %s, not %s`, clip.Quote(got), clip.Quote(want))
	}
	return nil
}
