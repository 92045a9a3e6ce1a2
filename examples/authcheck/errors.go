package main

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/authnchain/authnchain/jwt/authconfig"
)

// linesOf returns what to say of an error, one line for each thing that is wrong.
func linesOf(err error) []string {
	prefix := ""
	if of := (*inputError)(nil); errors.As(err, &of) {
		prefix, err = "-"+of.flag+": ", of.err
	}
	var lines []string
	for _, e := range parts(err) {
		lines = append(lines, prefix+withoutSecrets(oneLine(withoutPackage(e.Error()))))
	}
	return lines
}

// parts returns the errors that one is made of: those of fields, of a
// configuration that is not valid, or of names, of one that cannot be decoded.
func parts(err error) []error {
	if invalid := (*authconfig.InvalidError)(nil); errors.As(err, &invalid) {
		return invalid.Unwrap()
	}
	var strict interface{ Errors() []error } // that of k8s.io/apimachinery for unknown and for repeated fields
	if errors.As(err, &strict) {
		return strict.Errors()
	}
	return []error{err}
}

// withoutPackage takes the names of packages away from before a text. They mean
// nothing on a command line.
func withoutPackage(text string) string {
	return strings.TrimPrefix(strings.TrimPrefix(text, "authconfig: "), "jwt: ")
}

// oneLine leaves the pictures out that CEL draws below its errors, and what would
// break a line or a terminal.
func oneLine(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, " | ") {
			kept = append(kept, line)
		}
	}
	return strings.Map(printable, strings.Join(kept, " "))
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '\uFFFD'
}

// A decoder repeats the beginning of a file that has no apiVersion or kind, or a name
// in it, and the file may be one of tokens that was taken for a configuration.
var (
	theFile = regexp.MustCompile(`^(Object '\w+' is missing) in '.*$`)
	aToken  = regexp.MustCompile(`\b(eyJ|eyA|ewo)[\w-]{6,}(\.[\w-]*)*`) // base64url of {" or of { and a blank
	aScheme = regexp.MustCompile(` in scheme "[^"]*"$`)                 // a place in the source
)

func withoutSecrets(text string) string {
	text = theFile.ReplaceAllString(text, "$1")
	return aToken.ReplaceAllString(aScheme.ReplaceAllString(text, ""), "<omitted>")
}
