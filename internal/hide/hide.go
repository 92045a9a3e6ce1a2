// Package hide takes secrets out of what others say, who may repeat what they were
// sent.
package hide

import (
	"context"
	"errors"
	"strings"
)

const (
	part    = 8   // so many bytes of a secret in a row are in no text
	maxText = 512 // more of a text is not looked at, and not kept
)

// instead stands where a secret was.
const instead = "[token]"

// Text takes secrets out of a text, and every part of them: a text that repeats a
// long one and is clipped has the beginning of it.
func Text(text string, secrets ...string) string {
	text = text[:min(len(text), maxText)]
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, instead)
		}
	}
	var kept strings.Builder
	end := 0 // of the part that is left out
	for i := range len(text) {
		if i+part <= len(text) && within(text[i:i+part], secrets) {
			if i >= end {
				kept.WriteString(instead)
			}
			end = i + part
		}
		if i >= end {
			kept.WriteByte(text[i])
		}
	}
	return kept.String()
}

// within reports whether one of the secrets has the text in it.
func within(text string, secrets []string) bool {
	for _, secret := range secrets {
		if strings.Contains(secret, text) {
			return true
		}
	}
	return false
}

// Error returns an error with the text of err less the secrets. It keeps nothing else
// of err, in which they may be still, but whether a context has ended.
func Error(err error, secrets ...string) error {
	text := Text(err.Error(), secrets...)
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return ended{end, text}
		}
	}
	return errors.New(text)
}

type ended struct {
	error
	text string
}

func (e ended) Error() string { return e.text }
func (e ended) Unwrap() error { return e.error }
