/** Stands for a secret in what is printed. */
export const masked = "[secret]";
