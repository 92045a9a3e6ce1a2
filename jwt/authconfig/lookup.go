package authconfig

import (
	"context"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

const (
	lookUpTimeout = 5 * time.Second  // of one claim
	maxLookUps    = 64               // under way for one issuer
	maxLookUpsOne = 8                // of them for tokens with the same "sub"
	maxHeld       = 256 << 10        // bytes of a token that holds a claim
	refusedLife   = 30 * time.Second // of an answer that there are no groups for this token
)

// look looks up and remembers, but for what may be another answer next time.
func (d *distributed) look(ctx context.Context, key digest, c jwt.Claims) (answer, error) {
	if a, ok := d.remembered(key); ok { // by one that has just ended
		return a, nil
	}
	subject := subjectOf(c)
	if err := d.begin(subject); err != nil {
		return answer{}, err
	}
	defer d.end(subject)
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	a, err := d.lookUp(ctx, c)
	switch {
	case authn.ReasonOf(err) == authn.Unavailable:
		return answer{}, err
	case err != nil:
		a = answer{err: err, until: d.now().Add(refusedLife)}
	}
	a.subject, a.asked = subject, d.now()
	d.remember(key, a)
	return a, nil
}

// begin counts a look-up, if it is not one too many.
func (d *distributed) begin(subject string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flying >= maxLookUps || d.flyingFor[subject] >= maxLookUpsOne {
		return authn.Errorf(authn.Unavailable, "%d look-ups for the issuer are under way, %d of them for the subject", d.flying, d.flyingFor[subject])
	}
	d.flying++
	if d.flyingFor == nil {
		d.flyingFor = make(map[string]int)
	}
	d.flyingFor[subject]++
	return nil
}

func (d *distributed) end(subject string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying--
	if d.flyingFor[subject]--; d.flyingFor[subject] == 0 {
		delete(d.flyingFor, subject)
	}
}

func (d *distributed) lookUp(ctx context.Context, c jwt.Claims) (answer, error) {
	until, err := d.until(c)
	if err != nil {
		return answer{}, err
	}
	if d.Resolve != nil {
		groups, ok, err := d.Resolve(ctx, c)
		if err != nil {
			return answer{}, resolveError(err)
		}
		if ok {
			own, err := checkGroups(groups)
			return answer{found: true, groups: own, until: until}, err
		}
	}
	source, ok, err := d.source(c)
	if err != nil || !ok {
		return answer{until: until}, err
	}
	held, err := d.fetch(ctx, source)
	if err != nil {
		return answer{}, err
	}
	_, ends, err := d.read(ctx, c, held)
	if authn.ReasonOf(err) == authn.Unavailable {
		return answer{}, err
	}
	if err == nil && ends.Before(until) {
		until = ends
	}
	return answer{held: held, until: until}, nil // it is verified each time, and may be good next time
}

const (
	maxGroups = 10_000  // that are looked up for one token
	maxGroup  = 4 << 10 // bytes of one of them
)

// checkGroups returns a copy of groups, or why they are too much.
func checkGroups(groups []string) ([]string, error) {
	if len(groups) > maxGroups {
		return nil, authn.Errorf(authn.ClaimMissing, "%d groups, more than %d", len(groups), maxGroups)
	}
	own := make([]string, len(groups))
	for i, g := range groups {
		if len(g) > maxGroup {
			return nil, authn.Errorf(authn.ClaimMissing, "group %d has %d bytes, more than %d", i, len(g), maxGroup)
		}
		own[i] = strings.Clone(g)
	}
	return own, nil
}

// until returns how long an answer for a token may be kept.
func (d *distributed) until(c jwt.Claims) (time.Time, error) {
	until, err := c.Time("exp")
	until = until.Add(max(0, d.issuer.options.Leeway))
	if latest := d.now().Add(d.MaxAge); d.MaxAge > 0 && latest.Before(until) {
		until = latest
	}
	return until, err
}

// resolveError gives an error of Resolve a reason, if it has none.
func resolveError(err error) error {
	if authn.ReasonOf(err) == authn.Refused {
		return authn.Errorf(authn.Unavailable, "%w", clip.Error(err))
	}
	return err
}
